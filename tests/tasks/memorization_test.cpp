#include "deltanet/tasks/memorization.hpp"

#include <set>

#include "tasks/oracle.hpp"

using namespace deltanet;

TEST_CASE("memorised values are the same in every sequence, and one of each", "[tasks]") {
  const MemorizationConfig config;
  const std::vector<std::int32_t> values = memorized_values(config);
  CHECK(values.size() == 127);
  CHECK(std::set<std::int32_t>(values.begin(), values.end()).size() == 127);
  for (const Index length : {2, 31, 32}) {
    Random random(1);
    const TaskBatch batch = memorization(config, random, 40, length);
    test::check_oracle(
        [&](const std::vector<std::int32_t>& past) {
          CHECK(past.back() == 255);
          return values[static_cast<std::size_t>(past[past.size() - 2])];
        },
        batch, 256);
    CHECK(test::asked_in(batch, 0) == length / 2);
  }
  CHECK(memorized_values({.map_seed = 1}) != values);
  Random random(2);
  CHECK_THROWS_WITH(memorization(config, random, 1, 1), "length: expected at least 2, a key and its question, got 1");
}
