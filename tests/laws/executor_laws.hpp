#pragma once

#include <array>
#include <atomic>
#include <thread>
#include <vector>

#include "deltanet/core/threads.hpp"
#include "support/catch.hpp"

/// What is true of every executor.
namespace deltanet::test {

inline void check_that_every_task_runs_once(Executor& executor) {
  for (const int tasks : {0, 1, 2, 3, 64, 65, 200}) {
    std::vector<std::atomic<int>> done(static_cast<std::size_t>(tasks));
    executor.run(tasks, [&](int task) { ++done[static_cast<std::size_t>(task)]; });
    for (const auto& times : done) CHECK(times == 1);
  }
}

inline void check_that_tasks_may_run_tasks(Executor& executor) {
  std::atomic<int> done{0};
  executor.run(5, [&](int) { executor.run(7, [&](int) { ++done; }); });
  CHECK(done == 35);
}

inline void check_that_several_callers_are_served(Executor& executor) {
  std::array<std::atomic<int>, 3> done{};
  std::vector<std::thread> callers;
  for (auto& sum : done)
    callers.emplace_back([&] {
      for (int repeat = 0; repeat < 200; ++repeat) executor.run(4, [&](int task) { sum += task; });
    });
  for (auto& caller : callers) caller.join();
  for (const auto& sum : done) CHECK(sum == 200 * 6);
}

/// Of loops: every piece once, the first exception at the caller, nested pieces in order.
inline void check_that_loops_run_on(Executor& executor) {
  const ExecutorScope scope(executor);
  CHECK(num_threads() == executor.concurrency());
  std::vector<std::atomic<int>> done(1000);
  parallel_for(1000, [&](Index i) { ++done[static_cast<std::size_t>(i)]; });
  for (const auto& times : done) CHECK(times == 1);

  CHECK_THROWS_WITH(parallel_for(100, [](Index i) { expect(i != 50, "piece ", i); }), "piece 50");

  std::vector<std::vector<Index>> order(8);
  parallel_for(8, [&](Index i) { parallel_for(5, [&](Index j) { order[static_cast<std::size_t>(i)].push_back(j); }); });
  for (const auto& inner : order) CHECK(inner == std::vector<Index>{0, 1, 2, 3, 4});
}

inline void check_executor(Executor& executor) {
  check_that_every_task_runs_once(executor);
  check_that_tasks_may_run_tasks(executor);
  check_that_several_callers_are_served(executor);
  check_that_loops_run_on(executor);
}

}  // namespace deltanet::test
