#include "deltanet/recurrence/open_chunk.hpp"

#include "deltanet/core/random.hpp"
#include "support/catch.hpp"
#include "support/tolerance.hpp"

using namespace deltanet;

namespace {

/// The rows of one token, random, and what it is given.
template <Real T>
struct OneToken {
  Chunk<T> chunk;
  Matrix<T> x, b, S, U;

  OneToken(bool predicts, Index rows, Index V, Index C) : chunk(C, rows), x(1, V), b(1, V), S(rows, V), U(C, V) {
    Random random(1);
    chunk.tokens = 1;
    chunk.predictions = predicts ? 1 : 0;
    random.fill_normal(chunk.reads);
    random.fill_normal(chunk.pairs);
    random.fill_normal(chunk.writes);
    random.fill_uniform(chunk.carry, 0, 1);
    random.fill_normal(x);
    random.fill_uniform(b, 0, 1);
    random.fill_normal(S);
    random.fill_normal(U);
  }
};

}  // namespace

TEMPLATE_TEST_CASE("a token is answered by the chunk's equations, from the state and the writes that wait", "", float, double) {
  using T = TestType;
  const bool predicts = GENERATE(true, false);
  const Index rows = GENERATE(6, 22), C = 5;  // fewer than are fetched ahead, and more
  for (const Index V : {1, 5, 16, 20, 64, 157})
    for (const Index i : {Index(0), Index(1), C - 1}) {
      OneToken<T> at(predicts, rows, V, C);
      const Matrix<T> before = at.U, S = at.S;
      Matrix<T> o = Matrix<T>::Constant(1, V, std::numeric_limits<T>::quiet_NaN());
      detail::advance_token<T>(at.chunk, i, at.S.data(), at.S.data(), V, at.x.data(), at.b.data(), at.U.data(), o.data());

      const auto R = at.chunk.reads.leftCols(rows);
      const auto H = at.chunk.pairs.leftCols(C);
      const Index P = at.chunk.predictions;
      const double tolerance = test::rounding<T>(rows + C);
      Matrix<T> error = at.x;
      if (predicts) error += R.row(0) * S + H.row(0).head(i) * before.topRows(i);
      const Matrix<T> u = at.b.cwiseProduct(error);
      CHECK(test::relative_error(Matrix<T>(at.U.row(i)), u) < tolerance);
      CHECK(test::relative_error(o, Matrix<T>(R.row(P) * S + H.row(P).head(i) * before.topRows(i) + H(P, i) * u)) < tolerance);
      CHECK(test::identical(Matrix<T>(at.U.topRows(i)), Matrix<T>(before.topRows(i))));
      CHECK(test::identical(at.S, S));
    }
}

TEMPLATE_TEST_CASE("what waits is written at once, whether or not there is momentum", "", float, double) {
  using T = TestType;
  const Index rows = 30, C = 5, coupled = GENERATE(0, 15);
  for (const Index V : {1, 20, 64, 157}) {
    OneToken<T> at(true, rows, V, C);
    at.chunk.tokens = GENERATE(1, 5);
    at.chunk.coupled = coupled;
    at.chunk.coupling = T(0.7);
    const Index n = at.chunk.tokens;
    Matrix<T> S1 = at.chunk.carry.asDiagonal() * at.S + at.chunk.writes.topLeftCorner(n, rows).transpose() * at.U.topRows(n);
    if (coupled > 0) S1.topRows(coupled) += T(0.7) * at.S.middleRows(coupled, coupled);
    detail::write_open<T>(at.chunk, at.U.data(), at.S.data(), V);
    CHECK(test::relative_error(at.S, S1) < test::rounding<T>(C + 2));
  }
}
