#include "deltanet/memory/gram.hpp"

#include "deltanet/core/random.hpp"
#include "support/catch.hpp"
#include "support/tolerance.hpp"

using namespace deltanet;

TEMPLATE_TEST_CASE("gram and its gradient are the products they stand for", "", float, double) {
  using T = TestType;
  const Index C = 9, K = 13, rows = whole_packets<T>(C);
  Random random(1);
  for (const Index n : {1, 4, 9}) {
    Matrix<T> x(2 * C, padded<T>(K)), w(rows, padded<T>(K)), pairs(2 * C, padded<T>(C)), weights(2 * C, padded<T>(C));
    random.fill_normal(x);
    random.fill_normal(w);
    random.fill_normal(weights);
    pairs.setConstant(std::numeric_limits<T>::quiet_NaN());
    gram(2 * n, n, x, w, pairs);
    const Matrix<T> expected = x.topRows(2 * n) * w.topRows(n).transpose();
    CHECK(test::relative_error(Matrix<T>(pairs.topLeftCorner(2 * n, n)), expected) < test::rounding<T>(K));

    Matrix<T> dx = Matrix<T>::Ones(2 * C, x.cols()), dw = Matrix<T>::Ones(rows, w.cols());
    gram_backward(2 * n, n, x, w, weights, dx, dw);
    const Matrix<T> g = weights.topLeftCorner(2 * n, n);
    const Matrix<T> expected_dx = (g * w.topRows(n)).array() + T(1),
                    expected_dw = (g.transpose() * x.topRows(2 * n)).array() + T(1);
    CHECK(test::relative_error(Matrix<T>(dx.topRows(2 * n)), expected_dx) < test::rounding<T>(K));
    CHECK(test::relative_error(Matrix<T>(dw.topRows(n)), expected_dw) < test::rounding<T>(K));
    CHECK((n == rows || dw.bottomRows(rows - n).isOnes(0)));
  }
}

TEMPLATE_TEST_CASE("the products of a token with those before it are those of the chunk, to the bit", "", float, double) {
  using T = TestType;
  const Index C = 16, K = 37;
  Random random(1);
  Matrix<T> x(2 * C, padded<T>(K)), w(C, padded<T>(K)), pairs(2 * C, padded<T>(C)), of_token = pairs;
  random.fill_normal(x);
  random.fill_normal(w);
  gram(2 * C, C, x, w, pairs);
  Vector<T> numbers = Vector<T>::Zero(OpenRows<T>::numbers(C, K));
  for (Index i = 0; i < C; ++i) {
    Matrix<T> two(2, x.cols());
    two << x.row(i), x.row(C + i);
    gram_of_token(i, 2, two, Vector<T>(w.row(i).transpose()), {numbers.data(), K}, of_token);
    for (const Index row : {0, 1})
      CHECK(test::identical(Matrix<T>(of_token.row(row).head(i + 1)), Matrix<T>(pairs.row(row * C + i).head(i + 1))));
  }
}

TEST_CASE("pairs are weighted on their triangles and cleared above") {
  const Index n = 4;
  for (const Index P : {Index(0), n}) {
    Matrix<double> pairs = Matrix<double>::Ones(P + n, padded<double>(n)), weights = pairs.topRows(n);
    weights.topLeftCorner(n, n).triangularView<Eigen::StrictlyUpper>().setZero();
    weights(2, 1) = 5;
    weigh_pairs(
        P, n,
        [&](Index i) {
          return PairWeights<double>{2, weights.row(i).data()};
        },
        [&](Index i) {
          return PairWeights<double>{3, weights.row(i).data()};
        },
        pairs);
    for (Index i = 0; i < n; ++i)
      for (Index j = 0; j < n; ++j) {
        if (P > 0) CHECK(pairs(i, j) == (j < i ? 2 * weights(i, j) : 0));
        CHECK(pairs(P + i, j) == 3 * weights(i, j));
      }
  }
}
