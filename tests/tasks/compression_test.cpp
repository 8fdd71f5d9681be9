#include "deltanet/tasks/compression.hpp"

#include "tasks/oracle.hpp"

using namespace deltanet;

TEST_CASE("all tokens are asked for again in order", "[tasks]") {
  for (const Index length : {2, 5, 32}) {
    Random random(1);
    const TaskBatch batch = compression({}, random, 20, length);
    test::check_oracle(
        [&](const std::vector<std::int32_t>& past) {
          CHECK(past.back() == 15);
          return past[past.size() - 1 - static_cast<std::size_t>(length / 2)];
        },
        batch, 16);
    CHECK(test::asked_in(batch, 0) == length / 2);
  }
  Random random(2);
  CHECK_THROWS_WITH(compression({}, random, 1, 1), "length: expected at least 2, a token and a sign, got 1");
}
