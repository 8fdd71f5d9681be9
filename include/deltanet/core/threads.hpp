#pragma once

#include <algorithm>
#include <exception>
#include <memory>

#include "deltanet/core/check.hpp"
#include "deltanet/core/thread_team.hpp"

/// The process-wide threads. Work is cut into pieces that do not depend on the number of threads, and each piece is
/// computed the same way whoever runs it: results are identical for any number of threads.
namespace deltanet {

namespace detail {

struct Threads {
  int count = 0;  // threads that work, the caller's included
  std::unique_ptr<ThreadTeam> helpers;

  static Threads& instance() {
    static Threads threads;
    return threads;
  }
  void resize(int n) {
    if (n == count) return;
    helpers = n > 1 ? std::make_unique<ThreadTeam>(n - 1) : nullptr;
    count = n;
  }

 private:
  Threads() { resize(static_cast<int>(std::max(1u, std::thread::hardware_concurrency()))); }
};

/// True inside a piece of a parallel_for: a nested one runs its pieces in order.
inline thread_local bool inside_parallel = false;

}  // namespace detail

/// The number of threads that parallel work uses; at the start, one a hardware thread.
[[nodiscard]] inline int num_threads() { return detail::Threads::instance().count; }

/// Sets the number of threads, the calling one included. Not to be called while work is running.
inline void set_num_threads(int count) {
  expect(count >= 1, "threads: expected at least 1, got ", count);
  detail::Threads::instance().resize(count);
}

/// Calls f(i) for every i in [0, pieces), on the caller and the other threads, and returns when all are done. Threads take the
/// next piece as they become free. The first exception is rethrown here. Nested calls run in order on the calling thread, and
/// so do calls while the threads work for another.
template <class F>
void parallel_for(Index pieces, const F& f) {
  auto& threads = detail::Threads::instance();
  std::atomic<Index> next{0};
  std::exception_ptr failure;
  std::mutex failure_guard;
  const auto work = [&] {
    detail::inside_parallel = true;
    try {
      for (Index i = next++; i < pieces; i = next++) f(i);
    } catch (...) {
      const std::lock_guard lock(failure_guard);
      if (!failure) failure = std::current_exception();
      next = pieces;
    }
    detail::inside_parallel = false;
  };
  const int helpers = static_cast<int>(std::min<Index>(pieces, threads.count)) - 1;
  if (helpers < 1 || detail::inside_parallel || !threads.helpers->run(helpers, work)) {
    for (Index i = 0; i < pieces; ++i) f(i);
    return;
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace deltanet
