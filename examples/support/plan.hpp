#pragma once

#include <algorithm>
#include <limits>

#include "deltanet/core/tensor.hpp"
#include "support/stopwatch.hpp"

namespace example {

using deltanet::Index;

/// How far a run of training is: by its steps or by its time, whichever is further. The clock starts when it is made.
struct Plan {
  Index steps = 0;                                           // in all, 0 for any number
  double seconds = std::numeric_limits<double>::infinity();  // of training in this program
  double seconds_before = 0;                                 // of training, before the checkpoint that was continued
  Stopwatch watch{};

  /// All seconds of training until now.
  [[nodiscard]] double trained() const { return seconds_before + watch.seconds(); }

  /// The share of the run that is done when `step` steps are: 1 or more ends it.
  [[nodiscard]] double done(double step) const {
    const double of_steps = steps > 0 ? step / static_cast<double>(steps) : 0;
    const double of_time = trained() / (seconds_before + seconds);
    return std::max(of_steps, of_time);
  }

  /// Seconds until the end, as far as can be told after `step` steps, `first_step` of them before this program.
  [[nodiscard]] double seconds_left(Index step, Index first_step) const {
    const double elapsed = watch.seconds(), by_time = seconds - elapsed;
    if (steps == 0 || step == first_step) return std::max(0.0, by_time);
    const double by_steps = elapsed * static_cast<double>(steps - step) / static_cast<double>(step - first_step);
    return std::max(0.0, std::min(by_time, by_steps));
  }
};

}  // namespace example
