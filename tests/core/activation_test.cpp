#include "deltanet/core/activation.hpp"

#include "support/catch.hpp"
#include "support/tolerance.hpp"

using namespace deltanet;

TEMPLATE_TEST_CASE("activations have no overflow and no cancellation, far from zero and near it", "", float, double) {
  using T = TestType;
  const double tolerance = test::rounding<T>(1);
  for (const T x : {T(-80), T(-20), T(-1), T(-1e-4), T(0), T(0.5), T(20), T(80)}) {
    const auto exact = static_cast<long double>(x);
    const Eigen::Array<T, 1, 1> one(x);
    const long double s = 1 / (1 + std::exp(-exact));
    CHECK(sigmoid(x) == Catch::Approx(static_cast<double>(s)).epsilon(tolerance));
    CHECK(sigmoid(one)(0) == Catch::Approx(static_cast<double>(s)).epsilon(tolerance));
    CHECK(softplus(x) == Catch::Approx(static_cast<double>(std::log1p(std::exp(exact)))).epsilon(tolerance));
    CHECK(softplus(one)(0) == Catch::Approx(static_cast<double>(std::log1p(std::exp(exact)))).epsilon(tolerance));
    CHECK(silu(one)(0) == Catch::Approx(static_cast<double>(exact * s)).epsilon(tolerance));
    CHECK(silu_derivative(one, Eigen::Array<T, 1, 1>(sigmoid(x)))(0) ==
          Catch::Approx(static_cast<double>(s * (1 + exact * (1 - s)))).epsilon(tolerance));
  }
}
