#include "deltanet/layers/repeat_heads.hpp"

#include "deltanet/core/random.hpp"
#include "support/catch.hpp"
#include "support/tolerance.hpp"

namespace deltanet::test {

TEST_CASE("value head h has what key head h / group has", "[layers]") {
  Tensor<double, 4> x(2, 3, 2, 5);
  Random(1).fill_normal(x);
  const Tensor<double, 4> y = repeat_heads<double>(x, 3);
  CHECK(y.dimension(2) == 6);
  for (Index b = 0; b < 2; ++b)
    for (Index t = 0; t < 3; ++t)
      for (Index h = 0; h < 6; ++h)
        for (Index i = 0; i < 5; ++i) CHECK(y(b, t, h, i) == x(b, t, h / 3, i));
}

TEST_CASE("the gradient of a key head is the sum of those of its value heads: <dy, repeat x> = <dx, x>", "[layers]") {
  Tensor<double, 4> x(2, 3, 2, 5), dy(2, 3, 6, 5);
  Random random(1);
  random.fill_normal(x);
  random.fill_normal(dy);
  const Tensor<double, 4> y = repeat_heads<double>(x, 3), dx = repeat_heads_backward<double>(dy, 3);
  const double by_y = rows(dy).cwiseProduct(rows(y)).sum(), by_x = rows(dx).cwiseProduct(rows(x)).sum();
  CHECK(by_x == Catch::Approx(by_y).epsilon(rounding<double>(y.size())));
  CHECK(dx(1, 2, 1, 4) == Catch::Approx(dy(1, 2, 3, 4) + dy(1, 2, 4, 4) + dy(1, 2, 5, 4)));
}

}  // namespace deltanet::test
