#include "deltanet/core/block_product.hpp"

#include <limits>

#include "support/catch.hpp"
#include "support/random_matrix.hpp"
#include "support/tolerance.hpp"

namespace deltanet::test {

namespace {

/// C = keep(C) + A B with each factor as it is or from its transpose, in a corner of larger matrices.
template <Keep keep, class T>
Matrix<T> block_product_of(const Matrix<T>& A, bool flip_A, const Matrix<T>& B, bool flip_B, const Matrix<T>& C) {
  const auto in_larger = [](const Matrix<T>& matrix) {
    Matrix<T> larger = Matrix<T>::Constant(matrix.rows() + 1, matrix.cols() + 3, std::numeric_limits<T>::quiet_NaN());
    larger.topLeftCorner(matrix.rows(), matrix.cols()) = matrix;
    return larger;
  };
  const Matrix<T> a = in_larger(flip_A ? Matrix<T>(A.transpose()) : A), b = in_larger(flip_B ? Matrix<T>(B.transpose()) : B);
  Matrix<T> c = in_larger(C);
  const auto with = [&](auto left, auto right) {
    detail::block_product<keep>(C.rows(), C.cols(), A.cols(), left, right, c.data(), c.cols());
  };
  const Plain<T> plain_a{a.data(), a.cols()}, plain_b{b.data(), b.cols()};
  const Transposed<T> flipped_a{a.data(), a.cols()}, flipped_b{b.data(), b.cols()};
  if (flip_A)
    with(flipped_a, plain_b);
  else if (flip_B)
    with(plain_a, flipped_b);
  else
    with(plain_a, plain_b);
  CHECK(c.rightCols(3).array().isNaN().all());
  CHECK(c.bottomRows(1).array().isNaN().all());
  return c.topLeftCorner(C.rows(), C.cols());
}

}  // namespace

TEMPLATE_TEST_CASE("a block product is the product, for any sizes and layouts", "[core]", float, double) {
  using T = TestType;
  const Index rows = GENERATE(1, 13, 40), columns = GENERATE(1, 31, 32, 75), depth = GENERATE(0, 1, 191, 192, 193, 400);
  CAPTURE(rows, columns, depth);
  const Matrix<T> A = random_matrix<T>(rows, depth, 1), B = random_matrix<T>(depth, columns, 2),
                  C = random_matrix<T>(rows, columns, 3);
  for (const auto& [flip_A, flip_B] : {std::pair{false, false}, {true, false}, {false, true}}) {
    const auto only = block_product_of<Keep::nothing>(A, flip_A, B, flip_B, C);
    CHECK(relative_error(only, Matrix<T>(A * B)) < rounding<T>(depth + 1));
    const auto added = block_product_of<Keep::all>(A, flip_A, B, flip_B, C);
    CHECK(relative_error(added, Matrix<T>(C + A * B)) < rounding<T>(depth + 1));
  }
}

TEMPLATE_TEST_CASE("an entry of a block product does not depend on what else is computed", "[core]", float, double) {
  using T = TestType;
  const Matrix<T> A = random_matrix<T>(29, 500, 1), B = random_matrix<T>(500, 70, 2), C = random_matrix<T>(29, 70, 3);
  const Matrix<T> whole = block_product_of<Keep::all>(A, false, B, true, C);
  for (const auto& [row, column] : {std::pair<Index, Index>{0, 0}, {11, 31}, {12, 32}, {28, 69}}) {
    const Matrix<T> entry = block_product_of<Keep::all>(Matrix<T>(A.row(row)), true, Matrix<T>(B.col(column)), false,
                                                        Matrix<T>(C.block(row, column, 1, 1)));
    CHECK(identical(entry, Matrix<T>(whole.block(row, column, 1, 1))));
  }
}

}  // namespace deltanet::test
