#pragma once

#include <unistd.h>

#include <cstdio>

#include "support/plan.hpp"

namespace example {

/// The live line: step (or another unit), loss in bits per byte since the last line, bytes a second, time left. On a terminal
/// it is rewritten in place a few times a second, elsewhere a new line appears every five seconds.
class Progress {
 public:
  explicit Progress(const char* unit = "step") : unit_(unit) {}

  /// Counts one step of so many bytes, and shows the line when it is due.
  void count(Index step, double bits, Index bytes, double seconds_left) {
    bits_ += bits, bytes_ += bytes, ++steps_;
    if (watch_.seconds() < (terminal_ ? 0.25 : 5)) return;
    show(step, seconds_left);
  }

  /// Shows the last line, if steps were counted since.
  void finish(Index step) {
    if (steps_ > 0) show(step, 0);
    if (terminal_ && shown_) std::printf("\n");
    std::fflush(stdout);
  }

 private:
  void show(Index step, double seconds_left) {
    const auto left = static_cast<long>(seconds_left + 0.5);
    std::printf("%s%s %6ld   loss %.3f bits/byte   %5.1f kB/s   left %ld:%02ld%s", terminal_ ? "\r" : "", unit_,
                static_cast<long>(step), bits_ / static_cast<double>(steps_),
                static_cast<double>(bytes_) / watch_.seconds() / 1000, left / 60, left % 60, terminal_ ? "  " : "\n");
    std::fflush(stdout);
    shown_ = true, bits_ = 0, bytes_ = 0, steps_ = 0;
    watch_ = {};
  }

  const char* unit_;
  bool terminal_ = isatty(STDOUT_FILENO) != 0, shown_ = false;
  double bits_ = 0;
  Index bytes_ = 0, steps_ = 0;
  Stopwatch watch_;
};

}  // namespace example
