#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <system_error>
#include <thread>
#include <vector>

#include "deltanet/core/check.hpp"
#include "deltanet/core/executor.hpp"
#include "deltanet/core/spin_wait.hpp"

namespace deltanet {

/// Threads of our own that help a caller with one job at a time: fork and join, where Eigen's ThreadPool is a queue of tasks. A
/// training step of a small model is hundreds of jobs of some ten microseconds, and two things decide how long they take: a
/// helper looks for the next job for a while before it sleeps, and who comes too late stays out, so that a job is never waited
/// for that others have done meanwhile.
///
/// A helper takes the task of its own number first, the same in every job. A caller that finds the team at work for another
/// runs its tasks itself, and so does a task that calls run().
class ThreadTeam final : public Executor {
 public:
  /// How long a helper looks for a job before it sleeps, at most.
  static constexpr std::chrono::microseconds spin_time{1000};
  /// How long a caller that has no task left looks for the end of the others' tasks before it sleeps, at most. A processor
  /// that it leaves may run a helper that another program has put off its own.
  static constexpr std::chrono::microseconds caller_spin_time{100};

  /// `threads` work at a time, the caller's included. The others are started by the first job that has tasks for them; where
  /// the system refuses, there are fewer.
  explicit ThreadTeam(int threads) : concurrency_(threads) {
    expect(threads >= 1, "threads: expected at least 1, got ", threads);
  }
  /// Not to be called while a job is running.
  ~ThreadTeam() override {
    stopped_ = true;
    jobs_.notify();
    for (auto& helper : helpers_) helper.join();
  }

  [[nodiscard]] int concurrency() const override { return concurrency_; }

  void run(int tasks, TaskFunction f) override {
    if (concurrency_ == 1 || tasks <= 1 || in_use_.exchange(true)) return ThisThreadExecutor().run(tasks, f);
    if (!started_) start();
    function_ = &f;  // the last job is closed and without helpers: nobody reads these
    tasks_ = tasks;
    lanes_ = std::min(tasks, most_lanes);
    taken_ = lanes_ == most_lanes ? 0 : all_taken << lanes_;
    state_ += one_job | open;
    jobs_.notify();
    take_tasks(0);
    state_ &= ~open;
    leaving_.wait([this] { return (state_ & inside) == 0; });
    in_use_ = false;
  }

 private:
  // What is going on, in one word: how many helpers are inside the job, whether more may come, the number of the job.
  static constexpr std::uint64_t inside = (std::uint64_t{1} << 16) - 1, open = inside + 1, one_job = 2 * open;
  static constexpr std::uint64_t number(std::uint64_t state) { return state / one_job; }

  // Tasks are taken by lanes, task i from lane i modulo their number; a bit says that a lane is taken, or is none.
  static constexpr int most_lanes = 64;
  static constexpr std::uint64_t all_taken = ~std::uint64_t{0};

  void start() {
    started_ = true;
    try {
      for (int i = 1; i < concurrency_; ++i) helpers_.emplace_back([this, i] { help(i); });
    } catch (const std::system_error&) {
      // those that there are do the work
    }
  }

  void take_tasks(int thread) {
    for (int i = 0; i < lanes_; ++i) {
      const int lane = (thread + i) % lanes_;
      const std::uint64_t bit = std::uint64_t{1} << lane;
      if ((taken_ & bit) != 0 || (taken_.fetch_or(bit) & bit) != 0) continue;
      for (int task = lane; task < tasks_; task += lanes_) (*function_)(task);
    }
  }

  void help(int thread) {
    std::uint64_t last = 0;
    while (true) {
      jobs_.wait([&] { return stopped_ || number(state_) != last; });
      if (stopped_) return;
      std::uint64_t state = state_;
      last = number(state);
      while ((state & open) != 0 && number(state) == last && taken_ != all_taken)
        if (state_.compare_exchange_weak(state, state + 1)) {
          take_tasks(thread);
          --state_;
          leaving_.notify();
          break;
        }
    }
  }

  const int concurrency_;
  std::atomic<std::uint64_t> state_{0}, taken_{0};
  std::atomic<bool> in_use_{false}, stopped_{false};
  bool started_ = false;
  const TaskFunction* function_ = nullptr;
  int tasks_ = 0, lanes_ = 0;
  detail::SpinWait jobs_{spin_time}, leaving_{caller_spin_time};
  std::vector<std::thread> helpers_;
};

}  // namespace deltanet
