#include "deltanet/core/executor.hpp"

#include "laws/executor_laws.hpp"
#include "support/reverse_executor.hpp"

using namespace deltanet;

TEST_CASE("an executor that runs tasks one after another is one, whatever their order") {
  ThisThreadExecutor this_thread;
  test::check_executor(this_thread);
  test::ReverseExecutor reverse;
  test::check_executor(reverse);
}

TEST_CASE("this thread runs its tasks in order") {
  std::vector<int> order;
  ThisThreadExecutor executor;
  executor.run(4, [&](int task) { order.push_back(task); });
  CHECK(order == std::vector<int>{0, 1, 2, 3});
  CHECK(executor.concurrency() == 1);
}
