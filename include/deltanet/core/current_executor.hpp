#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "deltanet/core/thread_team.hpp"

/// Which executor a loop runs on: the calling thread's own while it has one, else the one of the whole process, which is a
/// ThreadTeam with a thread for each of the processors unless the program says otherwise.
namespace deltanet {

namespace detail {

class ProcessExecutor {
 public:
  static ProcessExecutor& instance() {
    static ProcessExecutor process;
    return process;
  }
  [[nodiscard]] std::shared_ptr<Executor> get() const {
    const std::lock_guard lock(guard_);
    return executor_;
  }
  void set(std::shared_ptr<Executor> executor) {
    const std::lock_guard lock(guard_);
    executor_.swap(executor);  // the old one is destroyed after the lock is gone: it may take long
  }
  static std::shared_ptr<Executor> own_team() {
    return std::make_shared<ThreadTeam>(static_cast<int>(std::max(1u, std::thread::hardware_concurrency())));
  }

 private:
  mutable std::mutex guard_;
  std::shared_ptr<Executor> executor_ = own_team();
};

inline thread_local Executor* executor_of_this_thread = nullptr;

}  // namespace detail

/// While it lives, loops that this thread begins run on `executor`, which must outlive it. Scopes nest.
class ExecutorScope {
 public:
  explicit ExecutorScope(Executor& executor) : before_(std::exchange(detail::executor_of_this_thread, &executor)) {}
  ExecutorScope(const ExecutorScope&) = delete;
  ExecutorScope& operator=(const ExecutorScope&) = delete;
  ~ExecutorScope() { detail::executor_of_this_thread = before_; }

 private:
  Executor* before_;
};

/// Sets the executor of the whole process; nullptr stands for a team of our own with one thread a processor. May be called at
/// any time: loops that are running end on the executor that they began on, which they keep alive.
inline void set_executor(std::shared_ptr<Executor> executor) {
  detail::ProcessExecutor::instance().set(executor ? std::move(executor) : detail::ProcessExecutor::own_team());
}

/// The executor of loops that this thread begins now.
[[nodiscard]] inline std::shared_ptr<Executor> current_executor() {
  if (auto* const own = detail::executor_of_this_thread)
    return {std::shared_ptr<void>(), own};  // kept alive by its scope's owner
  return detail::ProcessExecutor::instance().get();
}

/// The number of threads that parallel work uses: the concurrency of the current executor.
[[nodiscard]] inline int num_threads() { return current_executor()->concurrency(); }

/// Makes a team of our own with so many threads, the calling one included, the executor of the whole process. May be called at
/// any time, as set_executor().
inline void set_num_threads(int count) { set_executor(std::make_shared<ThreadTeam>(count)); }

}  // namespace deltanet
