#include "deltanet/recurrence/panel_backward.hpp"

#include "deltanet/core/random.hpp"
#include "support/catch.hpp"
#include "support/random_chunk.hpp"
#include "support/tolerance.hpp"

using namespace deltanet;

namespace {

/// One panel's part in a chunk's gradient, by the README's equations 10 to 14 as they stand.
template <Real T>
struct Expected {
  Matrix<T> dE, db, dS, reads, writes, pairs;
  Vector<T> carry;
  T coupling = 0;

  Expected(const Chunk<T>& chunk, const Matrix<T>& E, const Matrix<T>& U, const Matrix<T>& b, const Matrix<T>& dO,
           const Matrix<T>& S, const Matrix<T>& dS1) {
    const Index n = chunk.tokens, P = chunk.predictions, K = S.rows(), half = chunk.coupled;
    const Matrix<T> R = chunk.reads.topLeftCorner(P + n, K), H = chunk.pairs.topLeftCorner(P + n, n);
    Matrix<T> dU = H.bottomRows(n).transpose() * dO + chunk.writes.topLeftCorner(n, K) * dS1;
    dE = Matrix<T>::Zero(n, S.cols());
    for (Index i = n; i-- > 0;) {
      if (P > 0) dU.row(i) += H.col(i).head(n).transpose() * dE;
      dE.row(i) = b.row(i).cwiseProduct(dU.row(i));
    }
    db = dU.cwiseProduct(E);
    Matrix<T> dEO(P + n, S.cols());
    dEO << dE.topRows(P), dO;
    reads = dEO * S.transpose();
    pairs = dEO * U.transpose();
    writes = U * dS1.transpose();
    carry = S.cwiseProduct(dS1).rowwise().sum();
    dS = chunk.carry.asDiagonal() * dS1 + R.transpose() * dEO;
    if (half > 0) {
      dS.bottomRows(half) += chunk.coupling * dS1.topRows(half);
      coupling = S.bottomRows(half).cwiseProduct(dS1.topRows(half)).sum();
    }
  }
};

}  // namespace

TEMPLATE_TEST_CASE(
    "panels go back by the chunk's equations and add up, in one gradient or two, also in room that longer chunks have used", "",
    float, double) {
  using T = TestType;
  constexpr Index W = Lanes<T>::panel, C = 16;
  Random random(1);
  const bool predicts = GENERATE(true, false);
  const Index coupled = GENERATE(0, 10), K = 20;  // no multiple of a packet's width
  detail::RetreatScratch<T> scratch(C);
  const bool apart = GENERATE(true, false);
  detail::ChunkGradient<T> dchunk(C, K), second(C, K);
  for (const Index n : {16, 1, 3, 5}) {
    const Index P = predicts ? n : 0;
    const Chunk<T> chunk = test::random_chunk<T>(random, n, K, predicts, coupled);
    Chunk<T> result(C, K);

    const double tolerance = test::rounding<T>(K + n + 2 * W);
    const auto check = [&](const auto& found, const auto& expected) {
      CHECK(test::relative_error(Matrix<T>(found), Matrix<T>(expected)) < tolerance);
    };
    dchunk.clear();
    second.clear();
    Matrix<T> reads = Matrix<T>::Zero(P + n, K), writes = Matrix<T>::Zero(n, K), pairs = Matrix<T>::Zero(P + n, n);
    Vector<T> carry = Vector<T>::Zero(K);
    T coupling = 0;
    for (const int panel : {1, 2}) {
      CAPTURE(n, P, coupled, panel);
      Matrix<T> E(n, W), U(n, W), b(n, W), S(K, W), dS(K, W), dEO(2 * n, W);
      for (auto* matrix : {&E, &U, &b, &S, &dS, &dEO}) random.fill_normal(*matrix);
      const Expected<T> expected(chunk, E, U, b, dEO.bottomRows(n), S, dS);
      detail::retreat(chunk, E.data(), U.data(), b.data(), dEO.data(), S.data(), dS.data(), scratch,
                      apart && panel == 2 ? second : dchunk);
      check(dEO.topRows(n), expected.dE);
      check(b, expected.db);
      check(dS, expected.dS);
      reads += expected.reads;
      writes += expected.writes;
      pairs += expected.pairs;
      carry += expected.carry;
      coupling += expected.coupling;
    }
    if (apart) dchunk.add(P + n, n, second);
    dchunk.store(P + n, n, result);
    check(result.reads.topLeftCorner(P + n, K), reads);
    check(result.writes.topLeftCorner(n, K), writes);
    check(result.pairs.topLeftCorner(P + n, n), pairs);
    check(result.carry, carry);
    CHECK(std::abs(result.coupling - coupling) <= tolerance * std::sqrt(static_cast<double>(K * W)));
  }
}
