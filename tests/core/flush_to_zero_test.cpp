#include "deltanet/core/flush_to_zero.hpp"

#include <limits>

#include "deltanet/core/threads.hpp"
#include "support/catch.hpp"
#include "support/surroundings.hpp"

#if defined(DELTANET_MXCSR) || defined(__aarch64__)

using namespace deltanet;

namespace {

/// A product below the smallest normal number, which the compiler does not know beforehand.
float tiny() {
  volatile float small = std::numeric_limits<float>::min(), half = 0.5F;
  return small * half;
}

/// A quotient that is not a float, which the compiler neither knows nor moves.
[[gnu::noinline]] float minus_third() {
  volatile float three = 3;
  volatile float quotient = -1 / three;
  return quotient;
}

}  // namespace

TEST_CASE("inside a scope subnormal numbers are zero, on every thread of a loop, and then what they were", "[core]") {
  REQUIRE(tiny() > 0);
  {
    const FlushToZero flush;
    CHECK(tiny() == 0);
    {
      const FlushToZero inner;
      CHECK(tiny() == 0);
    }
    CHECK(tiny() == 0);
  }
  CHECK(tiny() > 0);
  const int before = num_threads();
  for (const int threads : {1, 3}) {
    set_num_threads(threads);
    std::vector<float> found(64, 1);
    parallel_for(64, [&](Index i) { found[static_cast<std::size_t>(i)] = tiny(); });
    CHECK(found == std::vector<float>(64, 0));
    CHECK(tiny() > 0);
  }
  set_num_threads(before);
}

TEST_CASE("a scope rounds to nearest, and leaves the caller's rounding and flags", "[core]") {
  const float nearest = minus_third();
  const test::HostileSurroundings around;
  const float upwards = minus_third();
  const auto flags = detail::float_control();
  float inside = 0;
  {
    const FlushToZero flush;
    inside = minus_third();
  }
  CHECK(detail::float_control() == flags);
  const bool untouched = around.untouched();
  CHECK(untouched);
  CHECK(upwards > nearest);
  CHECK(inside == nearest);
}

#endif
