#include "deltanet/memory/titans_update.hpp"

#include "deltanet/core/zeros.hpp"
#include "support/catch.hpp"

using namespace deltanet;

TEST_CASE("Titans' gates are refused outside of their ranges") {
  Tensor<double, 3> theta = zeros<double>(1, 2, 1), g = theta, eta = theta;
  const TitansUpdate::Inputs<double> in{.theta = theta, .g = g, .eta = eta};
  CHECK_NOTHROW(TitansUpdate::expect_ranges(in));
  theta(0, 1, 0) = -1;
  CHECK_THROWS_WITH(TitansUpdate::expect_ranges(in), "theta: expected at least 0, got -1 at flat index 1");
  theta.setZero();
  eta(0, 0, 0) = 1.5;
  CHECK_THROWS_WITH(TitansUpdate::expect_ranges(in), "eta: expected a number in [0, 1], got 1.5 at flat index 0");
  eta.setZero();
  g(0, 1, 0) = 0.5;
  CHECK_THROWS_WITH(TitansUpdate::expect_ranges(in),
                    "g: expected the logarithm of a decay, at most 0, got 0.5 at flat index 1");
}
