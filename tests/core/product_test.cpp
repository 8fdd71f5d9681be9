#include "deltanet/core/product.hpp"

#include "support/catch.hpp"
#include "support/random_matrix.hpp"
#include "support/tolerance.hpp"

namespace deltanet::test {

TEMPLATE_TEST_CASE("the three products of a linear map are Eigen's", "[core]", float, double) {
  using T = TestType;
  const Index M = GENERATE(0, 1, 3, 300, 1031), In = GENERATE(1, 17, 150), Out = GENERATE(1, 4, 260);
  const Matrix<T> x = random_matrix<T>(M, In, 1), W = random_matrix<T>(Out, In, 2), dy = random_matrix<T>(M, Out, 3);
  Matrix<T> y = Matrix<T>::Constant(M, Out, std::numeric_limits<T>::quiet_NaN()), dx = Matrix<T>::Ones(M, In),
            dW = Matrix<T>::Ones(Out, In);
  multiply_transposed<T>(x, W, y);
  add_product<T>(dy, W, dx);
  add_transposed_product<T>(dy, x, dW);
  CHECK(relative_error(y, Matrix<T>(x * W.transpose())) < rounding<T>(In));
  CHECK(relative_error(dx, Matrix<T>(Matrix<T>::Ones(M, In) + dy * W)) < rounding<T>(Out));
  CHECK(relative_error(dW, Matrix<T>(Matrix<T>::Ones(Out, In) + dy.transpose() * x)) < rounding<T>(M + 1));
}

TEST_CASE("products take rows of a larger matrix in place", "[core]") {
  const Matrix<float> x = random_matrix<float>(10, 8, 1), W = random_matrix<float>(5, 3, 2);
  Matrix<float> y = Matrix<float>::Zero(10, 9);
  multiply_transposed<float>(x.block(2, 4, 6, 3), W, y.block(2, 1, 6, 5));
  Matrix<float> expected = Matrix<float>::Zero(10, 9);
  expected.block(2, 1, 6, 5) = x.block(2, 4, 6, 3) * W.transpose();
  CHECK(relative_error(y, expected) < rounding<float>(3));
}

TEST_CASE("products are the same to the last bit for any number of threads", "[core]") {
  const int before = num_threads();
  const Matrix<float> x = random_matrix<float>(700, 90, 1), W = random_matrix<float>(130, 90, 2);
  const auto products = [&](int threads) {
    set_num_threads(threads);
    std::array<Matrix<float>, 3> results{Matrix<float>(700, 130), Matrix<float>::Zero(700, 90), Matrix<float>::Zero(130, 90)};
    multiply_transposed<float>(x, W, results[0]);
    add_product<float>(results[0], W, results[1]);
    add_transposed_product<float>(results[0], x, results[2]);
    return results;
  };
  const auto one = products(1);
  for (const int threads : {2, 3}) {
    const auto several = products(threads);
    for (std::size_t i = 0; i < 3; ++i) CHECK(identical(several[i], one[i]));
  }
  set_num_threads(before);
}

}  // namespace deltanet::test
