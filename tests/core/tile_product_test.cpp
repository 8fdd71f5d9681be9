#include "deltanet/core/tile_product.hpp"

#include "deltanet/core/random.hpp"
#include "support/catch.hpp"
#include "support/tolerance.hpp"

using namespace deltanet;

TEMPLATE_TEST_CASE("a panel product is the product, for any height, depth, layout and use of what was there", "", float,
                   double) {
  using T = TestType;
  constexpr Index W = Lanes<T>::panel;
  Random random(1);
  for (const Index rows : {1, 2, 5, 6, 7, 12, 13, 33})
    for (const Index depth : {0, 1, 7, 16}) {
      Matrix<T> A(rows, depth + 2), B(depth, W + 3), C(rows, W + 1);
      Vector<T> factors(rows);
      random.fill_normal(A);
      random.fill_normal(B);
      random.fill_normal(C);
      random.fill_normal(factors);
      const Matrix<T> transposed = A.transpose(), product = A.leftCols(depth) * B.leftCols(W), before = C.leftCols(W);
      const Plain<T> plain{A.data(), A.cols()};
      const Transposed<T> flipped{transposed.data(), rows};
      const auto result = [&] { return Matrix<T>(C.leftCols(W)); };
      const double tolerance = test::rounding<T>(depth + 1);

      panel_product<Keep::scaled>(rows, depth, plain, B.data(), B.cols(), C.data(), C.cols(),
                                  Scaled<T>{factors.data(), C.data()});
      CHECK(test::relative_error(result(), Matrix<T>(factors.asDiagonal() * before + product)) < tolerance);
      panel_product<Keep::nothing>(rows, depth, flipped, B.data(), B.cols(), C.data(), C.cols());
      CHECK(test::relative_error(result(), product) < tolerance);
      panel_product<Keep::all>(rows, depth, plain, B.data(), B.cols(), C.data(), C.cols());
      CHECK(test::relative_error(result(), Matrix<T>(2 * product)) < tolerance);

      const Matrix<T> panel = B.leftCols(W);
      Matrix<T> dense(rows, W);
      panel_product<Keep::nothing>(rows, depth, plain, panel.data(), PanelWidth<T>{}, dense.data(), PanelWidth<T>{});
      CHECK(test::relative_error(dense, product) < tolerance);
    }
}

TEST_CASE("a lower triangular left factor is not read above its diagonal's tile") {
  constexpr Index W = Lanes<double>::panel;
  Matrix<double> A = Matrix<double>::Random(16, 16), B = Matrix<double>::Random(16, W), C(16, W);
  A.triangularView<Eigen::StrictlyUpper>().setZero();
  panel_product<Keep::nothing, Triangle::lower>(16, 16, Plain<double>{A.data(), 16}, B.data(), W, C.data(), W);
  CHECK(test::relative_error(C, Matrix<double>(A * B)) < test::rounding<double>(16));
}

TEST_CASE("a small product goes panel by panel, and by one packet where half a panel is left") {
  for (const Index columns : {1, 2, 3, 6}) {
    const Index N = columns * Lanes<float>::size;
    const Matrix<float> A = Matrix<float>::Random(29, 4), B = Matrix<float>::Random(4, N);
    Matrix<float> C = Matrix<float>::Constant(29, N, 1);
    small_product<Keep::all>(29, N, 4, Plain<float>{A.data(), 4}, B.data(), N, C.data(), N);
    CHECK(test::relative_error(C, Matrix<float>(A * B + Matrix<float>::Constant(29, N, 1))) < test::rounding<float>(4));
  }
}
