#include "deltanet/core/threads.hpp"

#include <mutex>
#include <numeric>
#include <vector>

#include "support/catch.hpp"

using namespace deltanet;

TEST_CASE("every piece is done once, whatever the number of threads") {
  const int before = num_threads();
  for (const int threads : {1, 2, 5}) {
    set_num_threads(threads);
    CHECK(num_threads() == threads);
    std::vector<int> done(1000);
    parallel_for(1000, [&](Index i) { ++done[static_cast<std::size_t>(i)]; });
    CHECK(done == std::vector<int>(1000, 1));
    parallel_for(0, [&](Index) { FAIL("no pieces, no work"); });
  }
  set_num_threads(before);
}

TEST_CASE("a loop back does every piece once, each part from its end") {
  const int before = num_threads();
  set_num_threads(1);
  std::vector<Index> order;
  const auto note = [&](Index i) { order.push_back(i); };
  parallel_for(4, note, Walk::back);
  CHECK(order == std::vector<Index>{3, 2, 1, 0});

  set_num_threads(3);
  std::vector<int> done(99);
  std::vector<std::vector<Index>> parts(3);
  std::mutex one_at_a_time;
  const auto count = [&](Index i) {
    const std::lock_guard lock(one_at_a_time);
    ++done[static_cast<std::size_t>(i)];
    parts[static_cast<std::size_t>(i / 33)].push_back(i);
  };
  parallel_for(99, count, Walk::back);
  CHECK(done == std::vector<int>(99, 1));
  // before anybody has noted a piece of a part, each of three may have taken one
  for (const auto& part : parts) CHECK(part.front() > part.front() / 33 * 33 + 32 - 3);
  set_num_threads(before);
}

TEST_CASE("a nested loop runs its pieces in order") {
  const int before = num_threads();
  set_num_threads(3);
  std::vector<std::vector<Index>> order(8);
  parallel_for(8, [&](Index i) { parallel_for(5, [&](Index j) { order[static_cast<std::size_t>(i)].push_back(j); }); });
  for (const auto& inner : order) CHECK(inner == std::vector<Index>{0, 1, 2, 3, 4});
  set_num_threads(before);
}

TEST_CASE("several callers at a time get all their work done") {
  const int before = num_threads();
  set_num_threads(3);
  const auto sum_of_squares = [] {
    Index sum = 0;
    std::vector<Index> squares(20);
    for (int repeat = 0; repeat < 500; ++repeat) {
      parallel_for(20, [&](Index i) { squares[static_cast<std::size_t>(i)] = i * i; });
      sum += std::accumulate(squares.begin(), squares.end(), Index{0});
    }
    return sum;
  };
  Index from_another = 0;
  std::thread another([&] { from_another = sum_of_squares(); });
  CHECK(sum_of_squares() == 500 * 2470);
  another.join();
  CHECK(from_another == 500 * 2470);
  set_num_threads(before);
}

TEST_CASE("an exception in a piece reaches the caller, and the next loop works") {
  const int before = num_threads();
  for (const int threads : {1, 3}) {
    set_num_threads(threads);
    CHECK_THROWS_WITH(parallel_for(100, [](Index i) { expect(i != 50, "piece ", i); }), "piece 50");
    std::atomic<Index> sum{0};
    parallel_for(10, [&](Index i) { sum += i; });
    CHECK(sum == 45);
  }
  set_num_threads(before);
  CHECK_THROWS_WITH(set_num_threads(0), "threads: expected at least 1, got 0");
}
