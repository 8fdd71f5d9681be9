#include "deltanet/core/row_sums.hpp"

#include "deltanet/core/random.hpp"
#include "support/catch.hpp"
#include "support/tolerance.hpp"

namespace deltanet::test {

TEMPLATE_TEST_CASE("a row's sums do not depend on its address", "[core]", float, double) {
  using T = TestType;
  const Index count = GENERATE(0, 1, 15, 16, 17, 64, 200);
  CAPTURE(count);
  Vector<T> x(count), y(count);
  Random(1).fill_normal(x);
  Random(2).fill_normal(y);
  const T sum = detail::row_sum(x.data(), count), dot = detail::row_dot(x.data(), y.data(), count);
  CHECK(std::abs(sum - x.sum()) <= rounding<T>(count + 1) * (1 + x.norm()));
  CHECK(std::abs(dot - x.dot(y)) <= rounding<T>(count + 1) * (1 + x.norm() * y.norm()));
  for (const Index offset : {1, 2, 7}) {
    Vector<T> moved = Vector<T>::Constant(count + 20, std::numeric_limits<T>::quiet_NaN());
    moved.segment(offset, count) = x;
    CHECK(detail::row_sum(moved.data() + offset, count) == sum);
    CHECK(detail::row_dot(moved.data() + offset, y.data(), count) == dot);
  }
}

}  // namespace deltanet::test
