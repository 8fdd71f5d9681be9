#include "deltanet/core/openmp_executor.hpp"

#include <set>

#include "laws/executor_bits.hpp"
#include "laws/executor_laws.hpp"

using namespace deltanet;

TEST_CASE("OpenMP's threads are an executor, and change no bit") {
  for (const int threads : {1, 2, 5}) {
    OpenMPExecutor executor(threads);
    CHECK(executor.concurrency() == threads);
    test::check_executor(executor);
    test::check_that_bits_do_not_depend_on(executor);
  }
  CHECK(OpenMPExecutor().concurrency() == omp_get_max_threads());
  CHECK_THROWS_WITH(OpenMPExecutor(0), "threads: expected at least 1, got 0");
}

TEST_CASE("tasks run on OpenMP's threads") {
  OpenMPExecutor executor(3);
  std::vector<int> threads(3, -1);
  executor.run(3, [&](int task) { threads[static_cast<std::size_t>(task)] = omp_get_thread_num(); });
  CHECK(threads == std::vector<int>{0, 1, 2});
}

TEST_CASE("inside a parallel region tasks run in order on the thread that calls, nested regions allowed or not") {
  OpenMPExecutor executor(4);
  const int levels = omp_get_max_active_levels();
  for (const int allowed : {1, 2}) {
    omp_set_max_active_levels(allowed);
    std::vector<std::vector<int>> order(2);
    std::vector<int> concurrency(2);
#pragma omp parallel num_threads(2)
    {
      const auto thread = static_cast<std::size_t>(omp_get_thread_num());
      concurrency[thread] = executor.concurrency();
      executor.run(3, [&](int task) { order[thread].push_back(task); });
    }
    for (const auto& tasks : order) CHECK(tasks == std::vector<int>{0, 1, 2});
    CHECK(concurrency == std::vector<int>{1, 1});
  }
  omp_set_max_active_levels(levels);
}
