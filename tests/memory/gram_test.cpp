#include "deltanet/memory/gram.hpp"

#include "deltanet/core/random.hpp"
#include "support/catch.hpp"
#include "support/tolerance.hpp"

using namespace deltanet;

TEMPLATE_TEST_CASE("gram and its gradient are the products they stand for", "", float, double) {
  using T = TestType;
  const Index C = 9, K = 13;
  Random random(1);
  GramScratch<T> scratch(C, K);
  for (const Index n : {1, 4, 9}) {
    Matrix<T> x(2 * C, padded<T>(K)), w(C, padded<T>(K)), pairs(2 * C, padded<T>(C)), weights(2 * C, padded<T>(C));
    random.fill_normal(x);
    random.fill_normal(w);
    random.fill_normal(weights);
    pairs.setConstant(std::numeric_limits<T>::quiet_NaN());
    gram(n, K, x, w, scratch, pairs);
    const Matrix<T> expected = x.topLeftCorner(2 * n, K) * w.topLeftCorner(n, K).transpose();
    CHECK(test::relative_error(Matrix<T>(pairs.topLeftCorner(2 * n, n)), expected) < test::rounding<T>(K));

    Matrix<T> dx = Matrix<T>::Ones(2 * C, x.cols()), dw = Matrix<T>::Ones(C, w.cols());
    gram_backward(n, x, w, weights, dx, dw);
    const Matrix<T> g = weights.topLeftCorner(2 * n, n);
    const Matrix<T> expected_dx = (g * w.topRows(n)).array() + T(1),
                    expected_dw = (g.transpose() * x.topRows(2 * n)).array() + T(1);
    CHECK(test::relative_error(Matrix<T>(dx.topRows(2 * n)), expected_dx) < test::rounding<T>(K));
    CHECK(test::relative_error(Matrix<T>(dw.topRows(n)), expected_dw) < test::rounding<T>(K));
    CHECK((n == C || dw.bottomRows(C - n).isOnes(0)));
  }
}
