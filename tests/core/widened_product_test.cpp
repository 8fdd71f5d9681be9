#include "deltanet/core/widened_product.hpp"

#include <limits>

#include "deltanet/core/random.hpp"
#include "support/catch.hpp"
#include "support/tolerance.hpp"

namespace deltanet::test {

TEST_CASE("a widened product takes and writes rows of larger matrices in place", "[core]") {
  Matrix<float> x = Matrix<float>::Constant(10, 40, std::numeric_limits<float>::quiet_NaN()),
                W(5, 19);  // read in the block alone
  Matrix<float> inside(7, 19);
  Random(1).fill_normal(inside);
  Random(2).fill_normal(W);
  x.block(2, 4, 7, 19) = inside;
  const Matrix<Eigen::half> kept = W.cast<Eigen::half>();
  Matrix<float> y = Matrix<float>::Zero(10, 9), expected = y;
  detail::multiply_widened<float>(x.block(2, 4, 7, 19), kept, y.block(2, 1, 7, 5));
  expected.block(2, 1, 7, 5) = x.block(2, 4, 7, 19) * kept.cast<float>().transpose();
  CHECK(relative_error(y, expected) < rounding<float>(19));
}

TEST_CASE("a widened product of no entries is zero", "[core]") {
  Matrix<float> y = Matrix<float>::Constant(2, 3, std::numeric_limits<float>::quiet_NaN());
  detail::multiply_widened<float>(Matrix<float>(2, 0), Matrix<Eigen::bfloat16>(3, 0), y);
  CHECK(y == Matrix<float>::Zero(2, 3));
}

}  // namespace deltanet::test
