#pragma once

#include <csignal>

namespace example {

namespace detail {
inline volatile std::sig_atomic_t interrupted = 0;
}

/// While it lives, the first Ctrl-C (or SIGTERM) only sets a flag, so that the program can save and stop; a second one ends the
/// program at once.
class InterruptGuard {
 public:
  InterruptGuard() {
    std::signal(SIGINT, note);
    std::signal(SIGTERM, note);
  }
  ~InterruptGuard() {
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
  }
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  [[nodiscard]] bool interrupted() const { return detail::interrupted != 0; }

 private:
  static void note(int signal) {
    detail::interrupted = 1;
    std::signal(signal, SIG_DFL);
  }
};

}  // namespace example
