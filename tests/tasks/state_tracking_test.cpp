#include "deltanet/tasks/state_tracking.hpp"

#include "tasks/oracle.hpp"

using namespace deltanet;

TEST_CASE("groups are groups: an identity, inverses, and brackets that do not matter", "[tasks]") {
  for (const Group& group : {cyclic_group(2), cyclic_group(5), symmetric_group(3), symmetric_group(4)}) {
    INFO(group.name);
    const auto order = static_cast<std::int32_t>(group.order);
    for (std::int32_t a = 0; a < order; ++a) {
      CHECK(group.multiply(0, a) == a);
      CHECK(group.multiply(a, 0) == a);
      bool inverse = false;
      for (std::int32_t b = 0; b < order; ++b) {
        inverse |= group.multiply(a, b) == 0;
        for (std::int32_t c = 0; c < order; ++c)
          if (group.multiply(group.multiply(a, b), c) != group.multiply(a, group.multiply(b, c)))
            FAIL_CHECK(a << " " << b << " " << c);
      }
      CHECK(inverse);
    }
  }
  CHECK(symmetric_group(5).order == 120);
  const Group s3 = symmetric_group(3);  // 012 021 102 120 201 210
  CHECK(s3.multiply(1, 2) == 3);        // 1 swaps the last two, 2 the first two: 0 -> 0 -> 1, 1 -> 2 -> 2, 2 -> 1 -> 0
  CHECK(s3.multiply(2, 1) == 4);
  CHECK_THROWS_WITH(symmetric_group(7), "n: expected a value in [2, 6], got 7");
  CHECK_THROWS_WITH(cyclic_group(1), "m: expected at least 2, got 1");
}

TEST_CASE("whoever multiplies tracks the state", "[tasks]") {
  for (const Group& group : {cyclic_group(2), cyclic_group(5), symmetric_group(3), symmetric_group(5)})
    for (const bool every : {true, false}) {
      Random random(1);
      const TaskBatch batch = state_tracking({group, every}, random, 10, 33);
      test::check_oracle(
          [&](const std::vector<std::int32_t>& past) {
            std::int32_t state = 0;
            for (const std::int32_t element : past) state = group.multiply(state, element);
            return state;
          },
          batch, group.order);
      CHECK(test::asked_in(batch, 0) == (every ? 33 : 1));
    }
}

TEST_CASE("parity is that of the ones", "[tasks]") {
  Random random(2);
  const TaskBatch batch = state_tracking({}, random, 1000, 9);
  double ones = 0;
  for (Index b = 0; b < 1000; ++b) {
    std::int32_t sum = 0;
    for (Index t = 0; t < 9; ++t) sum += batch.tokens(b, t);
    CHECK(batch.targets(b, 8) == sum % 2);
    ones += sum;
  }
  CHECK(ones / 9000 == Catch::Approx(0.5).margin(0.02));
}
