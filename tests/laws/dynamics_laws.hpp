#pragma once

#include <limits>

#include "deltanet/core/random.hpp"
#include "deltanet/memory/dynamics.hpp"
#include "support/catch.hpp"
#include "support/finite_differences.hpp"
#include "support/tolerance.hpp"

/// The laws of memory/dynamics.hpp, for any dynamics.
namespace deltanet::test {

template <class D>
struct DynamicsCase {
  Index n, P, C = 8, K = 5, V = 2, rows = D::state_rows(K);
  Matrix<double> x, w;    // [P + n, K] and [n, K], rows padded
  Vector<double> g, eta;  // [C * K]: a row of K a token where gates are vectors
  Matrix<double> S0;      // [rows, V]
  double scale = 0.7;

  explicit DynamicsCase(Index n_, bool predicts = true)
      : n(n_), P(predicts ? n_ : 0), x(2 * C, padded<double>(K)), w(C, padded<double>(K)), g(C * K), eta(C * K), S0(rows, V) {
    Random random(3);
    random.fill_normal(x);
    random.fill_normal(w);
    random.fill_normal(S0);
    random.fill_uniform(g, -2, 0);
    random.fill_uniform(eta, 0, 1);
    x.rightCols(x.cols() - K).setZero();
    w.rightCols(w.cols() - K).setZero();
  }

  /// What a dynamics reads of a bundle.
  template <class T>
  struct Gates {
    typename D::template Gate<Rows<T>, Rows<T>> g;
    typename D::template MomentumGate<Rows<T>, Rows<T>> eta;
  };
  template <class To, class T>
  static void point(To& gate, T* data, Index stride) {
    if constexpr (!std::is_same_v<To, NoInput>) gate = {data, stride};
  }
  template <class T, class Numbers>
  [[nodiscard]] Gates<T> gates(Numbers& g_, Numbers& eta_) const {
    Gates<T> to;
    point<decltype(to.g), T>(to.g, g_.data(), K);
    point<decltype(to.eta), T>(to.eta, eta_.data(), K);
    return to;
  }
  [[nodiscard]] Gates<const double> gates() const { return gates<const double>(g, eta); }

  void build(typename D::template Window<double>& window, Chunk<double>& chunk) const {
    chunk.tokens = n;
    chunk.predictions = P;
    window.assign(gates(), 0, n);
    window.build(x, w, scale, chunk);
  }
  [[nodiscard]] Chunk<double> build() const {
    Chunk<double> chunk(C, rows);
    typename D::template Window<double> window(C, K);
    build(window, chunk);
    return chunk;
  }
};

/// The chunk's equations with arbitrary writes U [n, V] are the definition, token by token.
template <class D>
void check_window_is_definition(Index n, bool predicts = true) {
  const DynamicsCase<D> c(n, predicts);
  const Chunk<double> chunk = c.build();
  Matrix<double> U(n, c.V), S = c.S0;
  Random(9).fill_normal(U);
  const MatrixMap<double> state(S.data(), c.rows, c.V);
  const Matrix<double> answers = chunk.reads.topLeftCorner(c.P + n, c.rows) * c.S0 + chunk.pairs.topLeftCorner(c.P + n, n) * U;
  const double tolerance = rounding<double>(c.K * c.rows);
  for (Index i = 0; i < n; ++i) {
    INFO("token " << i << " of " << n);
    if (predicts) {
      const Matrix<double> from = D::template predicting<double>(c.gates(), i, MatrixMap<const double>(S.data(), c.rows, c.V));
      CHECK(relative_error(Matrix<double>(answers.row(i)), Matrix<double>(-c.x.row(i).head(c.K) * from)) < tolerance);
    }
    D::template carry<double>(c.gates(), i, state);
    for (Index block = 0; block < c.rows; block += c.K) S.middleRows(block, c.K) += c.w.row(i).head(c.K).transpose() * U.row(i);
    CHECK(relative_error(Matrix<double>(answers.row(c.P + i)),
                         Matrix<double>(c.scale * c.x.row(c.P + i).head(c.K) * S.topRows(c.K))) < tolerance);
  }
  Matrix<double> S1 = chunk.carry.asDiagonal() * c.S0 + chunk.writes.topLeftCorner(n, c.rows).transpose() * U;
  if (chunk.coupled > 0) S1.topRows(c.K) += chunk.coupling * c.S0.bottomRows(c.K);
  CHECK(relative_error(S1, S) < tolerance);
}

/// A window that is read token by token makes the rows of the one that is built at once, and leaves the same, to the bit.
template <class D>
void check_open_window_is_window(Index n, bool predicts = true) {
  const DynamicsCase<D> c(n, predicts);
  const Chunk<double> chunk = c.build();
  typename D::template OpenWindow<double> open(c.C, c.K);
  Chunk<double> rows(c.C, c.rows);
  Vector<double> numbers = Vector<double>::Zero(open.numbers(c.C, c.K));
  rows.predictions = predicts ? 1 : 0;
  const auto same = [](const auto& a, const auto& b) { return identical(Matrix<double>(a), Matrix<double>(b)); };
  for (Index i = 0; i < n; ++i) {
    INFO("token " << i << " of " << n);
    Matrix<double> x(2, c.x.cols());
    x.row(0) = c.x.row(i);
    x.row(rows.predictions) = c.x.row(c.P + i);
    open.append(c.gates(), i, i, x, Vector<double>(c.w.row(i).transpose()), c.scale, numbers.data(), rows);
    if (predicts) {
      CHECK(same(rows.reads.row(0).head(c.rows), chunk.reads.row(i).head(c.rows)));
      CHECK(same(rows.pairs.row(0).head(i), chunk.pairs.row(i).head(i)));
    }
    CHECK(same(rows.reads.row(rows.predictions).head(c.rows), chunk.reads.row(c.P + i).head(c.rows)));
    CHECK(same(rows.pairs.row(rows.predictions).head(i + 1), chunk.pairs.row(c.P + i).head(i + 1)));
  }
  rows.tokens = n;
  open.close(numbers.data(), rows);
  CHECK(same(rows.writes.topLeftCorner(n, c.rows), chunk.writes.topLeftCorner(n, c.rows)));
  CHECK(same(rows.carry, chunk.carry));
  CHECK((rows.coupled == chunk.coupled && rows.coupling == chunk.coupling));
}

/// The gradients of a window are finite differences.
template <class D>
void check_window_gradients(Index n, bool predicts = true) {
  DynamicsCase<D> c(n, predicts);
  Chunk<double> weights(c.C, c.rows);  // the loss is the sum of all entries of the chunk, weighted
  Random random(4);
  random.fill_normal(weights.reads);
  random.fill_normal(weights.pairs);
  random.fill_normal(weights.writes);
  random.fill_normal(weights.carry);
  weights.coupling = 0.3;
  const Index R = c.P + n;
  const auto loss = [&] {
    const Chunk<double> chunk = c.build();
    return chunk.reads.topLeftCorner(R, c.rows).cwiseProduct(weights.reads.topLeftCorner(R, c.rows)).sum() +
           chunk.pairs.topLeftCorner(R, n).cwiseProduct(weights.pairs.topLeftCorner(R, n)).sum() +
           chunk.writes.topLeftCorner(n, c.rows).cwiseProduct(weights.writes.topLeftCorner(n, c.rows)).sum() +
           chunk.carry.dot(weights.carry) + chunk.coupling * weights.coupling;
  };
  const double unset = std::numeric_limits<double>::quiet_NaN();
  Matrix<double> dx = Matrix<double>::Constant(c.x.rows(), c.x.cols(), unset);
  Matrix<double> dw = Matrix<double>::Constant(c.w.rows(), c.w.cols(), unset);
  Vector<double> dg = Vector<double>::Zero(c.g.size()), deta = dg;
  Chunk<double> chunk(c.C, c.rows);
  typename D::template Window<double> window(c.C, c.K);
  c.build(window, chunk);
  window.backward(c.x, c.w, c.scale, chunk, weights, dx, dw);
  window.gates_backward(c.template gates<double>(dg, deta), 0);

  // Columns beyond K and rows beyond the window are no part of it.
  const auto check = [&](auto& values, const auto& gradient, Index rows, Index columns) {
    auto part = values, dpart = gradient;
    part = values.topLeftCorner(rows, columns).eval();
    dpart = gradient.topLeftCorner(rows, columns).eval();
    const auto error = finite_difference_error_of(part, dpart, [&] {
      values.topLeftCorner(rows, columns) = part;
      return loss();
    });
    values.topLeftCorner(rows, columns) = part;
    INFO(error.where);
    CHECK(error.worst < finite_difference_error);
  };
  check(c.x, dx, R, c.K);
  check(c.w, dw, n, c.K);
  if constexpr (!std::is_same_v<decltype(c.gates().g), NoInput>) check(c.g, dg, n * c.K, 1);
  if constexpr (!std::is_same_v<decltype(c.gates().eta), NoInput>) check(c.eta, deta, n * c.K, 1);
}

/// All of them, for windows of 1, 3 and 8 tokens, that predict and that do not.
template <class D>
void dynamics_laws() {
  for (const Index n : {1, 3, 8}) {
    INFO("a window of " << n << " tokens");
    check_window_is_definition<D>(n);
    check_window_is_definition<D>(n, false);
    check_open_window_is_window<D>(n);
    check_open_window_is_window<D>(n, false);
    check_window_gradients<D>(n);
    check_window_gradients<D>(n, false);
  }
}

}  // namespace deltanet::test
