#pragma once

#include <algorithm>
#include <atomic>
#include <exception>

#include "deltanet/core/current_executor.hpp"
#include "deltanet/core/flush_to_zero.hpp"
#include "deltanet/core/workspace.hpp"

/// Parallel loops. Work is cut into pieces, and each piece is computed the same way whoever runs it: results are identical for
/// any number of threads and any executor.
namespace deltanet {

namespace detail {

/// True inside a piece of a loop that several threads share: a nested one runs its pieces in order.
inline thread_local bool inside_parallel = false;

/// What a thread is while it works on a loop, be it one of several or the only one: without subnormal numbers, and with the
/// caller's workspace. All work on loops begins and ends here.
class LoopWork {
 public:
  LoopWork(bool shared, Pool* pool) : use_(pool), before_(inside_parallel) { inside_parallel = before_ || shared; }
  LoopWork(const LoopWork&) = delete;
  LoopWork& operator=(const LoopWork&) = delete;
  ~LoopWork() { inside_parallel = before_; }

 private:
  FlushToZero flush_;
  PoolScope use_;
  bool before_;
};

}  // namespace detail

/// Which way a loop goes through its pieces. Loops over more data than a cache holds meet more of what is left in it if every
/// second one goes back: what was read last is then read first.
enum class Walk { forth, back };

/// Where a walk through [begin, end) is when one forth is at i.
[[nodiscard]] constexpr Index walked(Walk walk, Index i, Index begin, Index end) {
  return walk == Walk::forth ? i : begin + end - 1 - i;
}

/// Calls f(i) for every i in [0, pieces) on the threads of the current executor, and returns when all are done. The first
/// exception is rethrown here. Nested calls run one piece after another on the calling thread.
///
/// A task begins with its own part of the pieces, the same in every loop, so that what one loop wrote is in the cache of who
/// reads it in the next; then it helps with the others' parts. Each part is gone through the way that `walk` says.
template <class F>
void parallel_for(Index pieces, const F& f, Walk walk = Walk::forth) {
  struct alignas(64) Part {
    std::atomic<Index> next;
    Index begin, end;
  };
  constexpr Index most_parts = 64;
  const auto executor = pieces > 1 && !detail::inside_parallel ? current_executor() : nullptr;
  const Index parts = executor ? std::min({pieces, static_cast<Index>(executor->concurrency()), most_parts}) : 1;
  if (parts <= 1) {
    const detail::LoopWork work(false, detail::current_pool);
    for (Index i = 0; i < pieces; ++i) f(walked(walk, i, 0, pieces));
    return;
  }
  Part part[most_parts];
  for (Index p = 0; p < parts; ++p) {
    part[p].next = part[p].begin = p * pieces / parts;
    part[p].end = (p + 1) * pieces / parts;
  }
  std::atomic<bool> all_begun{false}, failed{false};
  std::exception_ptr failure;
  executor->run(static_cast<int>(parts), [&, pool = detail::current_pool](int task) {
    if (all_begun) return;
    const detail::LoopWork work(true, pool);
    try {
      for (Index p = 0; p < parts; ++p) {
        auto& [next, begin, end] = part[(task + p) % parts];
        for (Index i = next++; i < end && !failed; i = next++) f(walked(walk, i, begin, end));
      }
    } catch (...) {
      if (!failed.exchange(true)) failure = std::current_exception();
    }
    all_begun = true;
  });
  if (failure) std::rethrow_exception(failure);
}

}  // namespace deltanet
