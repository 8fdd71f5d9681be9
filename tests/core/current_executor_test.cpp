#include "deltanet/core/current_executor.hpp"

#include <filesystem>

#include "deltanet/core/threads.hpp"
#include "support/catch.hpp"
#include "support/reverse_executor.hpp"

using namespace deltanet;

namespace {

/// Sets back the executor of the process.
struct Restored {
  std::shared_ptr<Executor> before = current_executor();
  ~Restored() { set_executor(before); }
};

/// The threads of this program, by what the system says.
std::ptrdiff_t threads_of_this_program() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"), std::filesystem::directory_iterator());
}

}  // namespace

TEST_CASE("scopes nest, and are those of one thread") {
  const int outside = num_threads();
  ThisThreadExecutor this_thread;
  test::ReverseExecutor reverse;
  {
    const ExecutorScope outer(this_thread);
    CHECK(num_threads() == 1);
    {
      const ExecutorScope inner(reverse);
      CHECK(current_executor().get() == &reverse);
      int elsewhere = 0;
      std::thread([&] { elsewhere = num_threads(); }).join();
      CHECK(elsewhere == outside);
    }
    CHECK(current_executor().get() == &this_thread);
  }
  CHECK(num_threads() == outside);
}

TEST_CASE("the executor of the process is that of every thread, until it is a team again") {
  const Restored restored;
  const auto reverse = std::make_shared<test::ReverseExecutor>();
  set_executor(reverse);
  std::thread([&] { CHECK(current_executor() == reverse); }).join();
  std::vector<Index> order;
  parallel_for(3, [&](Index i) { order.push_back(i); });
  CHECK(order == std::vector<Index>{2, 0, 1});  // the last task begins with its own piece, and nothing is left to the others

  set_num_threads(2);
  CHECK(num_threads() == 2);
  set_executor(nullptr);
  CHECK(num_threads() == static_cast<int>(std::max(1u, std::thread::hardware_concurrency())));
  CHECK_THROWS_WITH(set_num_threads(0), "threads: expected at least 1, got 0");
}

#ifdef __linux__
TEST_CASE("a team starts its threads at the first loop that runs on it") {
  const Restored restored;
  const auto before = threads_of_this_program();
  set_num_threads(3);
  CHECK(num_threads() == 3);
  parallel_for(1, [](Index) {});
  {
    ThisThreadExecutor this_thread;
    const ExecutorScope scope(this_thread);
    parallel_for(10, [](Index) {});
  }
  const auto team = current_executor();
  set_executor(std::make_shared<ThisThreadExecutor>());
  parallel_for(10, [](Index) {});
  CHECK(threads_of_this_program() == before);
  set_executor(team);
  parallel_for(10, [](Index) {});
  CHECK(threads_of_this_program() == before + 2);
}
#endif

TEST_CASE("the number of threads may change while loops are running") {
  const Restored restored;
  std::atomic<bool> stop{false};
  std::atomic<Index> loops{0}, wrong{0};
  std::vector<std::thread> workers;
  for (int worker = 0; worker < 2; ++worker)
    workers.emplace_back([&] {
      while (!stop) {
        std::atomic<Index> sum{0};
        parallel_for(20, [&](Index i) { sum += i; });
        if (sum != 190) ++wrong;
        ++loops;
      }
    });
  for (int change = 0; change < 200; ++change) {
    set_num_threads(1 + change % 4);
    const Index seen = loops;
    while (loops == seen) std::this_thread::yield();
  }
  stop = true;
  for (auto& worker : workers) worker.join();
  CHECK(wrong == 0);
}
