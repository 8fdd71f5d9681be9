#pragma once

#include "deltanet/core/random.hpp"
#include "deltanet/memory/decay.hpp"
#include "support/catch.hpp"
#include "support/finite_differences.hpp"
#include "support/tolerance.hpp"

/// The laws of memory/decay.hpp, for any decay with a scalar gate or none.
namespace deltanet::test {

template <class D>
struct DecayCase {
  Index n, C = 8, K = 5;
  Matrix<double> x, w;  // [2 C, K] and [C, K], rows padded
  Vector<double> g;
  double scale = 0.7;

  explicit DecayCase(Index n_) : n(n_), x(2 * C, padded<double>(K)), w(C, padded<double>(K)), g(C) {
    Random random(3);
    random.fill_normal(x);
    random.fill_normal(w);
    random.fill_uniform(g, -2, 0);
    x.rightCols(x.cols() - K).setZero();
    w.rightCols(w.cols() - K).setZero();
  }

  template <class T>
  [[nodiscard]] static auto gate(T* data) {
    if constexpr (std::is_same_v<typename D::template Gate<Rows<T>, Rows<T>>, NoInput>) {
      return NoInput{};
    } else {
      return Rows<T>{data, 1};
    }
  }

  [[nodiscard]] Chunk<double> build() const {
    Chunk<double> chunk(C, K);
    typename D::template Window<double> window(C, K);
    window.assign(gate<const double>(g.data()), 0, n);
    window.build(x, w, scale, chunk);
    return chunk;
  }

  /// a(j -> i): what is left after tokens j + 1 .. i of the rows of a state that were `row`. By the definition.
  [[nodiscard]] Vector<double> decayed(Vector<double> row, Index j, Index i) const {
    for (Index t = j + 1; t <= i; ++t) D::template forget<double>(gate<const double>(g.data()), t, {row.data(), row.size(), 1});
    return row;
  }
};

template <class D>
void check_window_is_forgetting(Index n) {
  const DecayCase<D> c(n);
  const Chunk<double> chunk = c.build();
  REQUIRE(chunk.tokens == n);
  const double tolerance = rounding<double>(c.K);
  const auto row = [&](const Matrix<double>& m, Index i) { return Vector<double>(m.row(i).head(c.K).transpose()); };
  for (Index i = 0; i < n; ++i) {
    // R is linear in the state: row i times a state is what the state, forgotten up to token i, gives
    const Vector<double> state = row(c.w, 0);
    CHECK(row(chunk.reads, i).dot(state) == Catch::Approx(-row(c.x, i).dot(c.decayed(state, -1, i))).margin(tolerance));
    CHECK(row(chunk.reads, n + i).dot(state) ==
          Catch::Approx(c.scale * row(c.x, n + i).dot(c.decayed(state, -1, i))).margin(tolerance));
    for (Index j = 0; j < n; ++j) {
      const double predict = j < i ? -row(c.x, i).dot(c.decayed(row(c.w, j), j, i)) : 0;
      const double read = j <= i ? c.scale * row(c.x, n + i).dot(c.decayed(row(c.w, j), j, i)) : 0;
      CHECK(chunk.pairs(i, j) == Catch::Approx(predict).margin(tolerance));
      CHECK(chunk.pairs(n + i, j) == Catch::Approx(read).margin(tolerance));
    }
    CHECK(relative_error(row(chunk.writes, i), c.decayed(row(c.w, i), i, n - 1)) < tolerance);
  }
  CHECK(relative_error(chunk.carry, c.decayed(Vector<double>::Ones(c.K), -1, n - 1)) < tolerance);
}

template <class D>
void check_window_gradients(Index n) {
  DecayCase<D> c(n);
  Chunk<double> weights(c.C, c.K);  // the loss is the sum of all entries of the chunk, weighted
  Random random(4);
  random.fill_normal(weights.reads);
  random.fill_normal(weights.pairs);
  random.fill_normal(weights.writes);
  random.fill_normal(weights.carry);
  const auto loss = [&] {
    const Chunk<double> chunk = c.build();
    return chunk.reads.topRows(2 * n).cwiseProduct(weights.reads.topRows(2 * n)).sum() +
           chunk.pairs.topLeftCorner(2 * n, n).cwiseProduct(weights.pairs.topLeftCorner(2 * n, n)).sum() +
           chunk.writes.topRows(n).cwiseProduct(weights.writes.topRows(n)).sum() + chunk.carry.dot(weights.carry);
  };
  Matrix<double> dx = Matrix<double>::Zero(c.x.rows(), c.x.cols()), dw = Matrix<double>::Zero(c.w.rows(), c.w.cols());
  Vector<double> dg = Vector<double>::Zero(c.C);
  Chunk<double> chunk(c.C, c.K);
  typename D::template Window<double> window(c.C, c.K);
  window.assign(c.template gate<const double>(c.g.data()), 0, n);
  window.build(c.x, c.w, c.scale, chunk);
  window.backward(c.x, c.w, c.scale, chunk, weights, dx, dw);
  window.gate_backward(c.template gate<double>(dg.data()), 0);

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
  check(c.x, dx, 2 * n, c.K);
  check(c.w, dw, n, c.K);
  if constexpr (!std::is_same_v<decltype(c.template gate<double>(nullptr)), NoInput>) check(c.g, dg, n, 1);
}

}  // namespace deltanet::test
