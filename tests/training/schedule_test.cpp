#include "deltanet/training/schedule.hpp"

#include "support/catch.hpp"

using namespace deltanet;

TEST_CASE("the learning rate rises linearly, peaks, halves in the middle and ends at the floor", "[schedule]") {
  const WarmupCosine schedule{.peak = 2, .floor = 0.5, .warmup = 0.2};
  CHECK(schedule.rate(0) == 0);
  CHECK(schedule.rate(0.05) == Catch::Approx(0.5));
  CHECK(schedule.rate(0.2) == Catch::Approx(2));
  CHECK(schedule.rate(0.4) == Catch::Approx(0.5 + 1.5 * (1 + std::cos(3.141592653589793 / 4)) / 2));
  CHECK(schedule.rate(0.6) == Catch::Approx(1.25));
  CHECK(schedule.rate(1) == Catch::Approx(0.5));
  CHECK(schedule.rate(3) == Catch::Approx(0.5));
}

TEST_CASE("without a warm-up the learning rate starts at its peak; all warm-up only rises", "[schedule]") {
  CHECK(WarmupCosine{.peak = 1, .warmup = 0}.rate(0) == 1);
  CHECK(WarmupCosine{.peak = 1, .warmup = 1}.rate(0.75) == 0.75);
  CHECK(WarmupCosine{.peak = 1, .floor = 0.1, .warmup = 1}.rate(1) == Catch::Approx(0.1));
}

TEST_CASE("a schedule refuses a floor above its peak and a warm-up longer than the run", "[schedule]") {
  CHECK_THROWS_WITH((WarmupCosine{.peak = 1, .floor = 2}.validate()), "floor: expected a value in [0, 1], got 2");
  CHECK_THROWS_WITH((WarmupCosine{.warmup = 1.5}.validate()), "warmup: expected a value in [0, 1], got 1.5");
  CHECK_THROWS_AS((WarmupCosine{.peak = -1}.validate()), std::invalid_argument);
}
