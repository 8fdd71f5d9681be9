#include "deltanet/core/matrix_product.hpp"

#include "deltanet/core/random.hpp"
#include "support/catch.hpp"
#include "support/tolerance.hpp"

namespace deltanet::test {

TEMPLATE_TEST_CASE("products of matrices, blocks and transposes are Eigen's", "[core]", float, double) {
  using T = TestType;
  Random random(1);
  const auto draw = [&](Index rows, Index columns) {
    Matrix<T> m(rows, columns);
    random.fill_normal(m);
    return m;
  };
  for (const auto& [M, N, depth] : {std::tuple<Index, Index, Index>{1, 1, 1}, {3, 5, 0}, {17, 33, 200}, {40, 16, 7}}) {
    const Matrix<T> a = draw(M, depth), b = draw(depth, N), wide = draw(M + 2, depth + 3);
    Matrix<T> c;
    detail::multiply(a, b, c);
    CHECK(relative_error(c, EigenMatrix<T>(a * b)) < rounding<T>(depth + 1));
    Matrix<T> sum = draw(M, N);
    const EigenMatrix<T> before = sum;
    detail::multiply_add(wide.block(1, 2, M, depth), b, sum);
    CHECK(relative_error(sum, EigenMatrix<T>(before + wide.block(1, 2, M, depth) * b)) < rounding<T>(depth + 1));
    Matrix<T> larger = draw(N + 1, M + 1);
    const Matrix<T> untouched = larger;
    detail::multiply(b.transpose(), a.transpose(), larger.block(1, 1, N, M));
    CHECK(relative_error(Matrix<T>(larger.block(1, 1, N, M)), EigenMatrix<T>((a * b).transpose())) < rounding<T>(depth + 1));
    CHECK((larger.row(0) == untouched.row(0) && larger.col(0) == untouched.col(0)));
  }
}

}  // namespace deltanet::test
