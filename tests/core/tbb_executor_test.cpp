#include "deltanet/core/tbb_executor.hpp"

#include "laws/executor_bits.hpp"
#include "laws/executor_laws.hpp"

using namespace deltanet;

TEST_CASE("a TBB arena is an executor, and changes no bit") {
  for (const int threads : {1, 2, 5}) {
    tbb::task_arena arena(threads);
    TBBExecutor executor(arena);
    CHECK(executor.concurrency() == threads);
    test::check_executor(executor);
    test::check_that_bits_do_not_depend_on(executor);
  }
}

TEST_CASE("the arena is the caller's where none is named") {
  TBBExecutor executor;
  test::check_executor(executor);
  CHECK(executor.concurrency() == tbb::this_task_arena::max_concurrency());
  tbb::task_arena arena(3);
  CHECK(arena.execute([&] { return executor.concurrency(); }) == 3);
}
