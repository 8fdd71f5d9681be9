#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace deltanet::detail {

/// Threads that help a caller with one job at a time: fork and join, where Eigen's ThreadPool is a queue of tasks that have all
/// to be run. A training step of a small model is hundreds of jobs of some ten microseconds, and two things decide how long
/// they take: a helper looks for the next job for a while before it sleeps, since to be woken takes up to a tenth of a
/// millisecond; and who comes too late stays out, so that a job is never waited for that others have done meanwhile.
class ThreadTeam {
 public:
  /// How long a helper looks before it sleeps. It yields while it looks, to whoever else wants the processor.
  static constexpr std::chrono::microseconds patience{1000};

  explicit ThreadTeam(int helpers) {
    for (int i = 1; i <= helpers; ++i) threads_.emplace_back([this, i] { help(i); });
  }
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;
  ~ThreadTeam() {
    stopped_ = true;
    announce();
    for (auto& thread : threads_) thread.join();
  }

  /// Calls work(0) here and work(i) on up to `helpers` other threads at the same time, i being always the same for a thread,
  /// and returns when all have come back: false, and nothing was done, if the team works for another caller. `work` must not
  /// throw.
  template <class Work>
  [[nodiscard]] bool run(int helpers, const Work& work) {
    const std::unique_lock alone(in_use_, std::try_to_lock);
    if (!alone) return false;
    call_ = [](const void* job, int thread) { (*static_cast<const Work*>(job))(thread); };
    job_ = &work;
    most_ = static_cast<std::uint64_t>(helpers);
    state_ += one_job | open;  // closed and without helpers until here: nobody reads the job
    announce();
    work(0);
    state_ &= ~open;
    while ((state_ & inside) != 0) std::this_thread::yield();
    return true;
  }

 private:
  // What is going on, in one word: how many helpers are inside the job, whether more may come, the number of the job.
  static constexpr std::uint64_t inside = (std::uint64_t{1} << 16) - 1, open = inside + 1, one_job = 2 * open;
  static constexpr std::uint64_t number(std::uint64_t state) { return state / one_job; }

  void announce() {
    if (sleepers_ == 0) return;  // who is about to sleep has counted itself, and looks once more
    { const std::lock_guard lock(guard_); }
    wake_.notify_all();
  }

  void help(int thread) {
    for (std::uint64_t last = 0; wait_for_job_after(last);) {
      std::uint64_t state = state_;
      last = number(state);
      while ((state & open) != 0 && number(state) == last && (state & inside) < most_)
        if (state_.compare_exchange_weak(state, state + 1)) {
          call_(job_, thread);
          --state_;
          break;
        }
    }
  }

  /// False when the team is dissolved.
  bool wait_for_job_after(std::uint64_t last) {
    const auto comes = [&] { return stopped_ || number(state_) != last; };
    const auto start = std::chrono::steady_clock::now();
    while (!comes()) {
      if (std::chrono::steady_clock::now() - start > patience) {
        std::unique_lock lock(guard_);
        ++sleepers_;
        wake_.wait(lock, comes);
        --sleepers_;
        break;
      }
      std::this_thread::yield();
    }
    return !stopped_;
  }

  std::atomic<std::uint64_t> state_{0}, most_{0};
  std::atomic<int> sleepers_{0};
  std::atomic<bool> stopped_{false};
  void (*call_)(const void*, int) = nullptr;
  const void* job_ = nullptr;
  std::mutex in_use_, guard_;
  std::condition_variable wake_;
  std::vector<std::thread> threads_;
};

}  // namespace deltanet::detail
