#include "deltanet/recurrence/token.hpp"

#include "deltanet/core/random.hpp"
#include "support/catch.hpp"
#include "support/tolerance.hpp"

using namespace deltanet;

TEMPLATE_TEST_CASE("a token advances a state by the chunk's equations, whether or not it predicts or has momentum", "", float,
                   double) {
  using T = TestType;
  Random random(1);
  const bool predicts = GENERATE(true, false);
  const Index rows = 6, coupled = GENERATE(0, 3);
  for (const Index V : {1, 5, 16, 20, 64, 157}) {
    Chunk<T> chunk(1, rows);
    chunk.tokens = 1;
    chunk.predictions = predicts ? 1 : 0;
    chunk.coupled = coupled;
    chunk.coupling = T(0.7);
    random.fill_normal(chunk.reads);
    random.fill_normal(chunk.writes);
    random.fill_uniform(chunk.carry, 0, 1);
    chunk.pairs.setZero();
    chunk.pairs(chunk.predictions, 0) = T(0.3);
    Matrix<T> x(1, V), b(1, V), S(rows, V), o = Matrix<T>::Constant(1, V, std::numeric_limits<T>::quiet_NaN());
    random.fill_normal(x);
    random.fill_uniform(b, 0, 1);
    random.fill_normal(S);
    const Matrix<T> S0 = S, strength = b;
    Matrix<T> e = x;
    detail::advance_token(chunk, b.data(), e.data(), o.data(), S.data(), V);

    const auto R = chunk.reads.leftCols(rows);
    const double tolerance = test::rounding<T>(rows + 1);
    const Matrix<T> error = predicts ? Matrix<T>(x + R.row(0) * S0) : x, u = strength.cwiseProduct(error);
    CHECK(test::relative_error(e, error) < tolerance);
    CHECK(test::relative_error(b, u) < tolerance);
    CHECK(test::relative_error(o, Matrix<T>(R.row(chunk.predictions) * S0 + T(0.3) * u)) < tolerance);
    Matrix<T> S1 = chunk.carry.asDiagonal() * S0 + chunk.writes.topLeftCorner(1, rows).transpose() * u;
    if (coupled > 0) S1.topRows(coupled) += T(0.7) * S0.middleRows(coupled, coupled);
    CHECK(test::relative_error(S, S1) < tolerance);
  }
}
