#pragma once

#include <algorithm>
#include <exception>
#include <memory>

#include "deltanet/core/check.hpp"
#include "deltanet/core/flush_to_zero.hpp"
#include "deltanet/core/thread_team.hpp"
#include "deltanet/core/workspace.hpp"

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

/// Which way a loop goes through its pieces. Loops over more data than a cache holds meet more of what is left in it if every
/// second one goes back: what was read last is then read first.
enum class Walk { forth, back };

/// Where a walk through [begin, end) is when one forth is at i.
[[nodiscard]] constexpr Index walked(Walk walk, Index i, Index begin, Index end) {
  return walk == Walk::forth ? i : begin + end - 1 - i;
}

/// Calls f(i) for every i in [0, pieces), on the caller and the other threads, and returns when all are done. The first
/// exception is rethrown here. Nested calls run one piece after another on the calling thread, and so do calls while the
/// threads work for another.
///
/// A thread begins with its own part of the pieces, the same in every loop, so that what one loop wrote is in the cache of who
/// reads it in the next; then it helps with the others' parts. Each part is gone through the way that `walk` says.
template <class F>
void parallel_for(Index pieces, const F& f, Walk walk = Walk::forth) {
  auto& threads = detail::Threads::instance();
  struct alignas(64) Part {
    std::atomic<Index> next;
    Index begin, end;
  };
  constexpr Index most_parts = 64;
  const Index parts = std::min({pieces, static_cast<Index>(threads.count), most_parts});
  if (parts <= 1 || detail::inside_parallel) {
    const FlushToZero flush;
    for (Index i = 0; i < pieces; ++i) f(walked(walk, i, 0, pieces));
    return;
  }
  Part part[most_parts];
  for (Index p = 0; p < parts; ++p) {
    part[p].next = part[p].begin = p * pieces / parts;
    part[p].end = (p + 1) * pieces / parts;
  }
  std::atomic<bool> failed{false};
  std::exception_ptr failure;
  const auto work = [&, pool = detail::current_pool](int thread) {
    const FlushToZero flush;
    const detail::PoolScope use(pool);
    detail::inside_parallel = true;
    try {
      for (Index p = 0; p < parts; ++p) {
        auto& [next, begin, end] = part[(thread + p) % parts];
        for (Index i = next++; i < end && !failed; i = next++) f(walked(walk, i, begin, end));
      }
    } catch (...) {
      if (!failed.exchange(true)) failure = std::current_exception();
    }
    detail::inside_parallel = false;
  };
  const int helpers = static_cast<int>(std::min<Index>(pieces, threads.count)) - 1;
  if (!threads.helpers->run(helpers, work)) work(0);
  if (failure) std::rethrow_exception(failure);
}

}  // namespace deltanet
