#include "deltanet/memory/ttt_update.hpp"

#include "deltanet/core/zeros.hpp"
#include "support/catch.hpp"

using namespace deltanet;

TEST_CASE("test-time training's rates are refused below zero") {
  Tensor<double, 3> theta = zeros<double>(1, 2, 1), rate = theta;
  const TTTUpdate::Inputs<double> in{.theta = theta, .rate = rate};
  CHECK_NOTHROW(TTTUpdate::expect_ranges(in));
  rate(0, 1, 0) = -1;
  CHECK_THROWS_WITH(TTTUpdate::expect_ranges(in), "theta, rate: expected at least 0, got 0, -1 at flat index 1");
}
