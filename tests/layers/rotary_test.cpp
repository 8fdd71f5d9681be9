#include "deltanet/layers/rotary.hpp"

#include "deltanet/core/random.hpp"
#include "support/catch.hpp"
#include "support/tolerance.hpp"

namespace deltanet::test {

namespace {

Tensor<double, 4> random_heads() {
  Tensor<double, 4> x(2, 3, 2, 6);
  Random(1).fill_normal(x);
  return x;
}

}  // namespace

TEST_CASE("a rotation turns planes of entries half a head apart by the position times their frequency", "[layers]") {
  const Tensor<double, 4> before = random_heads();
  Tensor<double, 4> x = before;
  Rotation<double>({.theta = 100, .dim = 4}, 5, 3).apply(x);
  for (Index i = 0; i < 2; ++i) {
    const double angle = 7 * (i == 0 ? 1 : 0.1);  // token 2 stands at position 7
    const double a = before(1, 2, 1, i), b = before(1, 2, 1, i + 2);
    CHECK(x(1, 2, 1, i) == Catch::Approx(a * std::cos(angle) - b * std::sin(angle)));
    CHECK(x(1, 2, 1, i + 2) == Catch::Approx(b * std::cos(angle) + a * std::sin(angle)));
  }
  CHECK(x(1, 2, 1, 4) == before(1, 2, 1, 4));
  CHECK(x(1, 2, 1, 5) == before(1, 2, 1, 5));
}

TEST_CASE("rotations add up and turn back", "[layers]") {
  const RotaryConfig config{.dim = 6};
  Tensor<double, 4> x = random_heads(), twice = x;
  const Tensor<double, 4> before = x;
  const Rotation<double> rotation(config, 3, 3);
  rotation.apply(x);
  Rotation<double>(config, 0, 3).apply(twice);
  Rotation<double>(config, 3, 3, 0).apply(twice);  // all by the same angle
  CHECK(relative_error(twice, x) < rounding<double>(2));
  rotation.apply_inverse(x);
  CHECK(relative_error(x, before) < rounding<double>(2));
}

}  // namespace deltanet::test
