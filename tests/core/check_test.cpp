#include "deltanet/core/check.hpp"

#include "support/catch.hpp"

using namespace deltanet;

TEST_CASE("a wrong shape is told with the letters of the glossary") {
  const Tensor<float, 4> k(2, 7, 4, 8);
  CHECK_THROWS_WITH((expect_shape("k", View<const float, 4>(k), {{"B", 2}, {"T", 7}, {"H", 4}, {"K", 16}})),
                    "k: expected [B=2, T=7, H=4, K=16], got [2, 7, 4, 8]");
  CHECK_NOTHROW((expect_shape("k", View<const float, 4>(k), {{"B", 2}, {"T", 7}, {"H", 4}, {"K", 8}})));
  CHECK_THROWS_AS((expect_shape("k", View<const float, 4>(k), {{"B", 2}, {"T", 7}})), std::invalid_argument);
}

TEST_CASE("a number that is not finite is told with its place") {
  Tensor<double, 1> x(5);
  x.setConstant(1e300);
  CHECK_NOTHROW(expect_finite("x", View<const double, 1>(x)));
  x(3) = -std::numeric_limits<double>::infinity();
  CHECK_THROWS_WITH((expect_finite("x", View<const double, 1>(x))), "x: expected finite numbers, got -inf at flat index 3");
  CHECK_NOTHROW((expect_finite("nothing", View<const double, 1>())));
}

TEST_CASE("a value out of its range is told with the range, NaN included") {
  CHECK_NOTHROW(expect_range("dropout", 0.5, 0.0, 1.0));
  CHECK_THROWS_WITH(expect_range("dropout", 1.5, 0.0, 1.0), "dropout: expected a value in [0, 1], got 1.5");
  CHECK_THROWS_AS(expect_range("dropout", std::numeric_limits<double>::quiet_NaN(), 0.0, 1.0), std::invalid_argument);
}
