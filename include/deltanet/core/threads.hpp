#pragma once

#include <algorithm>
#include <atomic>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <unsupported/Eigen/CXX11/ThreadPool>

#include "deltanet/core/check.hpp"

/// The process-wide thread pool. Work is cut into pieces that do not depend on the number of threads, and each piece is
/// computed the same way whoever runs it: results are identical for any number of threads.
namespace deltanet {

namespace detail {

struct Threads {
  int count = 0;  // threads that work, the caller's included
  std::unique_ptr<Eigen::ThreadPool> helpers;

  static Threads& instance() {
    static Threads threads;
    return threads;
  }
  void resize(int n) {
    if (n == count) return;
    helpers = n > 1 ? std::make_unique<Eigen::ThreadPool>(n - 1) : nullptr;
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

/// Calls f(i) for every i in [0, pieces), on the caller and the pool's threads, and returns when all are done. Threads take the
/// next piece as they become free. The first exception is rethrown here. Nested calls run in order on the calling thread.
template <class F>
void parallel_for(Index pieces, const F& f) {
  auto& threads = detail::Threads::instance();
  const Index workers = std::min<Index>(pieces, threads.count);
  if (workers <= 1 || detail::inside_parallel) {
    for (Index i = 0; i < pieces; ++i) f(i);
    return;
  }
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
  // A thread that sleeps is woken late: the caller looks for a while whether the others are done before it sleeps. `busy` is
  // the last of its variables that they touch: not before it is zero may it return.
  Eigen::Barrier done(static_cast<unsigned>(workers - 1));
  std::atomic<Index> busy{workers - 1};
  for (Index i = 1; i < workers; ++i)
    threads.helpers->Schedule([&] {
      work();
      done.Notify();
      --busy;
    });
  work();
  constexpr int looks = 200;
  for (int i = 0; i < looks && busy > 0; ++i) std::this_thread::yield();
  if (busy > 0) done.Wait();
  while (busy > 0) std::this_thread::yield();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace deltanet
