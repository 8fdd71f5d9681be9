#include "deltanet/layers/head_norm.hpp"

#include "deltanet/core/random.hpp"
#include "support/catch.hpp"
#include "support/finite_differences.hpp"
#include "support/tolerance.hpp"

namespace deltanet::test {

namespace {

Matrix<double> normalized(Matrix<double> x) {
  sum_norm<double>(x);
  return x;
}

}  // namespace

TEST_CASE("a sum norm makes every row sum to one", "[layers]") {
  Matrix<double> x(50, 6);
  Random(1).fill_uniform(x, 0, 1);
  CHECK(relative_error(Vector<double>(normalized(x).rowwise().sum()), Vector<double>(Vector<double>::Ones(50))) <
        rounding<double>(6));
}

TEST_CASE("the gradient of a sum norm is its finite difference", "[layers]") {
  Matrix<double> x(5, 6), dy(5, 6);
  Random random(1);
  random.fill_uniform(x, -0.5, 1);
  random.fill_normal(dy);
  x.row(4).setZero();
  x.row(4).head(2) << 1e-8, -3e-8;  // kept away from zero
  Matrix<double> gradient = dy;
  sum_norm_backward<double>(x, gradient);
  for (const Index i : {0, 1, 2, 3}) {
    Vector<double> row = x.row(i), drow = gradient.row(i);
    const auto error =
        finite_difference_error_of(row, drow, [&] { return normalized(row.transpose()).cwiseProduct(dy.row(i)).sum(); });
    INFO("row " << i << ": " << error.where);
    CHECK(error.worst < finite_difference_error);
  }
  CHECK(relative_error(Vector<double>(gradient.row(4)), Vector<double>(-1e6 * dy.row(4))) < rounding<double>(1));
}

TEST_CASE("a row of zeros has a finite sum norm with a finite gradient", "[layers]") {
  const Matrix<float> x = Matrix<float>::Zero(2, 4);
  Matrix<float> y = x, dy = Matrix<float>::Ones(2, 4);
  sum_norm<float>(y);
  sum_norm_backward<float>(x, dy);
  CHECK(y.isZero(0));
  CHECK(dy.allFinite());
}

TEST_CASE("an l2 norm makes every row of unit length, and its gradient is its finite difference", "[layers]") {
  Matrix<double> x(5, 6), dy(5, 6), y(5, 6);
  Random random(1);
  random.fill_normal(x);
  random.fill_normal(dy);
  l2_norm<double>(x, y);
  CHECK((y.rowwise().norm().array() - 1).abs().maxCoeff() < 1e-5);  // the epsilon in the root
  Matrix<double> gradient = dy;
  l2_norm_backward<double>(x, y, gradient);
  const auto error = finite_difference_error_of(x, gradient, [&] {
    l2_norm<double>(x, y);
    return y.cwiseProduct(dy).sum();
  });
  INFO(error.where);
  CHECK(error.worst < finite_difference_error);
}

}  // namespace deltanet::test
