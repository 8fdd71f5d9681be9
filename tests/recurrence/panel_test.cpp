#include "deltanet/recurrence/panel.hpp"

#include "deltanet/core/random.hpp"
#include "support/catch.hpp"
#include "support/random_chunk.hpp"
#include "support/tolerance.hpp"

using namespace deltanet;

TEMPLATE_TEST_CASE("a panel advances by the chunk's equations, whether or not it predicts or has momentum", "", float, double) {
  using T = TestType;
  constexpr Index W = Lanes<T>::panel;
  Random random(1);
  const bool predicts = GENERATE(true, false);
  const Index K = 6, coupled = GENERATE(0, 3);
  for (const Index n : {1, 3, 4, 5, 16}) {
    const Index P = predicts ? n : 0;
    const Chunk<T> chunk = test::random_chunk<T>(random, n, K, predicts, coupled);
    Matrix<T> X(n, W), b(n, W), S0(K, W), S = Matrix<T>::Constant(K, W, std::numeric_limits<T>::quiet_NaN()), U(n, W),
                                          EO = Matrix<T>::Constant(2 * n, W, std::numeric_limits<T>::quiet_NaN());
    random.fill_normal(X);
    random.fill_uniform(b, 0, 1);
    random.fill_normal(S0);
    EO.topRows(n) = X;
    detail::advance(chunk, b.data(), EO.data(), U.data(), S0.data(), S.data());

    const auto R = chunk.reads.leftCols(K);
    const auto H = chunk.pairs.leftCols(n);
    const double tolerance = test::rounding<T>(K + n);
    Matrix<T> E = X;
    if (predicts) E += R.topRows(n) * S0 + H.topRows(n) * U;
    const Matrix<T> O = R.middleRows(P, n) * S0 + H.middleRows(P, n) * U;
    CHECK(test::relative_error(Matrix<T>(EO.topRows(n)), E) < tolerance);
    CHECK(test::relative_error(Matrix<T>(EO.bottomRows(n)), O) < tolerance);
    CHECK(test::relative_error(U, Matrix<T>(b.cwiseProduct(E))) < tolerance);
    Matrix<T> S1 = chunk.carry.asDiagonal() * S0 + chunk.writes.topLeftCorner(n, K).transpose() * U;
    if (coupled > 0) S1.topRows(coupled) += T(0.7) * S0.middleRows(coupled, coupled);
    CHECK(test::relative_error(S, S1) < tolerance);

    EO.topRows(n) = X;
    detail::advance(chunk, b.data(), EO.data(), U.data(), S0.data(), S0.data());
    CHECK(S0 == S);
  }
}
