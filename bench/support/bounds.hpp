#pragma once

#include <algorithm>
#include <chrono>
#include <string>

#include "deltanet/core/product.hpp"
#include "deltanet/core/random.hpp"

/// Bounds that some benchmarks have beside the multiply-add peak: what the same machine needs, in the same process just before,
/// for the same work in its simplest form.
namespace deltanet::bench {

/// The time that a bound takes for the work of one call; the counter `name` is the share of it: bound / call.
struct Bound {
  std::string name;
  double seconds;
};

namespace detail {

/// Seconds of the fastest of ten calls.
template <class F>
double fastest(const F& f) {
  double best = std::numeric_limits<double>::infinity();
  for (int i = 0; i < 10; ++i) {
    const auto start = std::chrono::steady_clock::now();
    f();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

}  // namespace detail

/// Eigen's product of `rows` tokens [rows, D] with a square matrix [D, D], scaled to `flops`: what a layer of width D would
/// take if all its work were one large projection in Eigen. In pieces, on the threads that are set.
template <Real T>
Bound product_bound(double flops, Index rows, Index D) {
  Matrix<T> x(rows, D), W(D, D), y(rows, D);
  Random random(1);
  random.fill_normal(x);
  random.fill_normal(W);
  const double seconds = detail::fastest([&] {
    deltanet::detail::for_product_pieces(rows, D, D, [&](Index row, Index height, Index column, Index width) {
      y.block(row, column, height, width).noalias() = x.middleRows(row, height) * W.middleRows(column, width).transpose();
    });
  });
  expect(y.allFinite(), "product bound: expected finite numbers");
  return {"of_product", seconds * flops / (2 * static_cast<double>(rows * D * D))};
}

/// Every number of a state read, changed and written once, to and fro as decoding does. On the threads that are set.
template <Real T>
Bound rewrite_bound(Index numbers) {
  Vector<T> state = Vector<T>::Ones(numbers);
  constexpr Index of_a_head = 128 * 128;
  const Index pieces = std::max<Index>(num_threads(), numbers / of_a_head);
  const auto rewrite = [&](Index i) {
    const Index begin = i * numbers / pieces, end = (i + 1) * numbers / pieces;
    auto part = state.segment(begin, end - begin);
    part = (T(0.5) * part.array() + T(0.5)).matrix();
  };
  Walk walk = Walk::forth;
  const double seconds = detail::fastest([&] {
    parallel_for(pieces, rewrite, walk);
    walk = walk == Walk::forth ? Walk::back : Walk::forth;
  });
  expect((state.array() == T(1)).all(), "rewrite bound: expected ones");
  return {"of_rewrite", seconds};
}

}  // namespace deltanet::bench
