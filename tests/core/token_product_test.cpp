#include "deltanet/core/token_product.hpp"

#include <limits>

#include "deltanet/core/random.hpp"
#include "support/catch.hpp"
#include "support/tolerance.hpp"

namespace deltanet::test {

TEST_CASE("a token product takes and writes rows of larger matrices in place", "[core]") {
  Matrix<float> x = Matrix<float>::Constant(10, 40, std::numeric_limits<float>::quiet_NaN()),
                W(5, 19);  // read in the block alone
  Matrix<float> inside(7, 19);
  Random(1).fill_normal(inside);
  Random(2).fill_normal(W);
  x.block(2, 4, 7, 19) = inside;
  const Matrix<Eigen::half> kept = W.cast<Eigen::half>();
  Matrix<float> y = Matrix<float>::Zero(10, 9), expected = y;
  detail::multiply_tokens<float>(x.block(2, 4, 7, 19), kept.data(), kept.cols(), y.block(2, 1, 7, 5));
  expected.block(2, 1, 7, 5) = x.block(2, 4, 7, 19) * kept.cast<float>().transpose();
  CHECK(relative_error(y, expected) < rounding<float>(19));
}

TEST_CASE("a token product of no entries is zero", "[core]") {
  Matrix<float> y = Matrix<float>::Constant(2, 3, std::numeric_limits<float>::quiet_NaN());
  detail::multiply_tokens<float>(Matrix<float>(2, 0), static_cast<const Eigen::bfloat16*>(nullptr), 0, y);
  CHECK(y == Matrix<float>::Zero(2, 3));
}

TEMPLATE_TEST_CASE("a token's product does not depend on how many tokens there are", "[core]", float, double) {
  using T = TestType;
  const Index In = GENERATE(1, 16, 100, 1024, 2100), Out = GENERATE(1, 7, 64, 300);
  CAPTURE(In, Out);
  Matrix<T> x(23, In), W(Out, In), one_by_one(23, Out);
  Random(1).fill_normal(x);
  Random(2).fill_normal(W);
  for (Index t = 0; t < 23; ++t) multiply_transposed<T>(x.row(t), W, one_by_one.row(t), Pass::inference);
  CHECK(relative_error(one_by_one, Matrix<T>(x * W.transpose())) < rounding<T>(In));
  for (const Index tokens : {2, 3, 4, 5, 6, 11, 23}) {
    Matrix<T> together = Matrix<T>::Constant(tokens, Out, std::numeric_limits<T>::quiet_NaN());
    multiply_transposed<T>(x.topRows(tokens), W, together, Pass::inference);
    CHECK(identical(together, one_by_one.topRows(tokens)));
  }
}

}  // namespace deltanet::test
