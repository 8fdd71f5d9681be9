#include "deltanet/layers/rotary.hpp"

#include "deltanet/core/random.hpp"
#include "support/catch.hpp"
#include "support/tolerance.hpp"

namespace deltanet::test {

namespace {

Tensor<double, 3> random_heads() {
  Tensor<double, 3> x(3, 2, 6);
  Random(1).fill_normal(x);
  return x;
}

}  // namespace

TEST_CASE("a rotation turns planes of entries half a head apart by the position times their frequency", "[layers]") {
  const Tensor<double, 3> before = random_heads();
  Tensor<double, 3> x = before;
  Rotation<double>({.theta = 100, .dim = 4}, {5, 6, 9}).apply(x);
  for (Index i = 0; i < 2; ++i) {
    const double angle = 9 * (i == 0 ? 1 : 0.1);
    const double a = before(2, 1, i), b = before(2, 1, i + 2);
    CHECK(x(2, 1, i) == Catch::Approx(a * std::cos(angle) - b * std::sin(angle)));
    CHECK(x(2, 1, i + 2) == Catch::Approx(b * std::cos(angle) + a * std::sin(angle)));
  }
  CHECK(x(2, 1, 4) == before(2, 1, 4));
  CHECK(x(2, 1, 5) == before(2, 1, 5));
}

TEST_CASE("rotations add up and turn back", "[layers]") {
  const RotaryConfig config{.dim = 6};
  Tensor<double, 3> x = random_heads(), twice = x;
  const Tensor<double, 3> before = x;
  const Rotation<double> rotation(config, {3, 4, 5});
  rotation.apply(x);
  Rotation<double>(config, {0, 1, 2}).apply(twice);
  Rotation<double>(config, {3, 3, 3}).apply(twice);
  CHECK(relative_error(twice, x) < rounding<double>(2));
  rotation.apply_inverse(x);
  CHECK(relative_error(x, before) < rounding<double>(2));
}

}  // namespace deltanet::test
