#pragma once

#include <cmath>

#include "deltanet/core/product.hpp"
#include "deltanet/core/row_sums.hpp"
#include "deltanet/layers/tokens.hpp"
#include "deltanet/recurrence/problem.hpp"

namespace deltanet {

/// How queries and keys are normalised over a head's width (flash-linear-attention's qk_norm).
enum class QKNorm {
  l2,   ///< x / sqrt(|x|^2 + 1e-6); done inside the scan, `ScanOptions::use_qk_l2norm`
  sum,  ///< x / sum(x)
  none  ///< x
};

namespace detail {

/// The sum of a row, kept away from zero, where flash-linear-attention divides by it and gets infinities: relu can leave a head
/// with nothing at all.
template <Real T>
[[nodiscard]] T divisor_of(T sum) {
  constexpr T least = T(1e-6);
  return std::abs(sum) >= least ? sum : std::copysign(least, sum);
}

}  // namespace detail

/// x <- x / sum(x) for every row of x [M, K].
template <Real T>
void sum_norm(MatrixRef<T> x) {
  detail::RowPieces(x.rows(), x.cols()).for_each([&](Index, Index first, Index count) {
    for (Index i = first; i < first + count; ++i) x.row(i) /= detail::divisor_of<T>(detail::row_sum(x.row(i).data(), x.cols()));
  });
}

/// The gradient of `sum_norm` by x, in place of that by y, dy [M, K]. x is what `sum_norm` was given.
//
// forward: y = x / s,   s = sum(x)
// so:      dx = (dy - <dy, y>) / s,   and dx = dy / s where s was kept away from zero
template <Real T>
void sum_norm_backward(ConstMatrixRef<T> x, MatrixRef<T> dy) {
  detail::RowPieces(x.rows(), x.cols()).for_each([&](Index, Index first, Index count) {
    for (Index i = first; i < first + count; ++i) {
      const T sum = detail::row_sum(x.row(i).data(), x.cols()), divisor = detail::divisor_of(sum);
      const T projection = divisor == sum ? dy.row(i).dot(x.row(i)) / divisor : T(0);
      dy.row(i) = (dy.row(i).array() - projection) / divisor;
    }
  });
}

/// y = x / sqrt(|x|^2 + 1e-6) for every row of x, y [M, K]: what the scans of `ScanOptions::use_qk_l2norm` do inside.
template <Real T>
void l2_norm(ConstMatrixRef<T> x, MatrixRef<T> y) {
  detail::RowPieces(x.rows(), x.cols()).for_each([&](Index, Index first, Index count) {
    for (Index i = first; i < first + count; ++i)
      y.row(i) = detail::reciprocal_length<T>(VectorMap<const T>(x.row(i).data(), x.cols())) * x.row(i);
  });
}

/// The gradient of `l2_norm` by x, in place of that by y, dy [M, K].
//
// forward: y = x r,   r = 1 / sqrt(|x|^2 + eps)
// so:      dx = (dy - y <y, dy>) r
template <Real T>
void l2_norm_backward(ConstMatrixRef<T> x, ConstMatrixRef<T> y, MatrixRef<T> dy) {
  detail::RowPieces(x.rows(), x.cols()).for_each([&](Index, Index first, Index count) {
    for (Index i = first; i < first + count; ++i) {
      const T r = detail::reciprocal_length<T>(VectorMap<const T>(x.row(i).data(), x.cols()));
      dy.row(i) = r * (dy.row(i) - dy.row(i).dot(y.row(i)) * y.row(i));
    }
  });
}

}  // namespace deltanet
