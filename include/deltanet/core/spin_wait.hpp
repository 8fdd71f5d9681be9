#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace deltanet::detail {

/// Waits for what another thread will do: looks for it for a short time, since to be woken takes up to a tenth of a
/// millisecond, and then sleeps. Between two looks it yields to whoever else wants the processor. A yield that takes long says
/// that somebody else ran: the machine is busy, and it sleeps at once. A thread that sleeps comes before one that has yielded
/// when it is woken, and may be woken on another processor that is idle.
class SpinWait {
 public:
  /// A yield on a processor that nobody else wants takes about a microsecond.
  static constexpr std::chrono::microseconds long_yield{50};

  explicit SpinWait(std::chrono::microseconds spin_time) : spin_time_(spin_time) {}

  /// Returns when ready() is true: a function of atomic variables that somebody sets before a call of notify().
  template <class Ready>
  void wait(const Ready& ready) {
    const auto start = std::chrono::steady_clock::now();
    for (auto last = start; !ready();) {
      std::this_thread::yield();
      const auto now = std::chrono::steady_clock::now();
      if (now - start > spin_time_ || now - last > long_yield) return sleep(ready);
      last = now;
    }
  }

  /// Wakes those that sleep. Costs one load where nobody does.
  void notify() {
    if (sleepers_ == 0) return;  // who is about to sleep has counted itself, and looks once more
    { const std::lock_guard lock(guard_); }
    wake_.notify_all();
  }

 private:
  template <class Ready>
  void sleep(const Ready& ready) {
    std::unique_lock lock(guard_);
    ++sleepers_;
    wake_.wait(lock, ready);
    --sleepers_;
  }

  const std::chrono::microseconds spin_time_;
  std::atomic<int> sleepers_{0};
  std::mutex guard_;
  std::condition_variable wake_;
};

}  // namespace deltanet::detail
