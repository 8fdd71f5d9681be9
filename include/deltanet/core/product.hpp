#pragma once

#include <algorithm>

#include "deltanet/core/threads.hpp"

/// The three matrix products of a linear map y = x W^T: its forward, its gradient by x, its gradient by W.
///
/// Each is cut into fixed pieces of the result, so that it is identical for any number of threads. Eigen copies both factors of
/// a piece into its own layout first; a piece is large enough that this costs little beside the multiply-adds.
namespace deltanet {

/// A matrix that a product reads: a Matrix, a MatrixMap or rows of one, without a copy. T is given, not deduced. The stride is
/// Eigen's own choice, named: clang 14 has two names for functions of what Eigen's default computes, and does not link them.
template <Real T>
using ConstMatrixRef = std::type_identity_t<const Eigen::Ref<const Matrix<T>, 0, Eigen::OuterStride<>>&>;

/// A matrix that a product writes.
template <Real T>
using MatrixRef = std::type_identity_t<Eigen::Ref<Matrix<T>, 0, Eigen::OuterStride<>>>;

namespace detail {

/// How many pieces an axis of `extent` entries is cut into, each of about `target` entries.
[[nodiscard]] inline Index pieces_of(Index extent, Index target) { return std::max<Index>(1, (extent + target / 2) / target); }

/// Calls f(row, rows, column, columns) in parallel for fixed pieces of an [M, N] product of the given depth.
template <class F>
void for_product_pieces(Index M, Index N, Index depth, const F& f) {
  constexpr Index target = 256, least_work = Index(1) << 19;  // entries along an axis; multiply-adds worth a second thread
  Index row_pieces = pieces_of(M, target), column_pieces = pieces_of(N, target);
  if (M * N * depth <= least_work) {
    row_pieces = column_pieces = 1;
  } else if (row_pieces * column_pieces % 2 != 0) {
    ++(M >= N ? row_pieces : column_pieces);  // an even number of pieces balances two threads
  }
  constexpr Index grain = 8;  // pieces begin at multiples of a register tile's side
  const auto begin = [](Index piece, Index pieces, Index extent) {
    return std::min(extent, (piece * extent / pieces + grain - 1) / grain * grain);
  };
  parallel_for(row_pieces * column_pieces, [&](Index piece) {
    const Index i = piece / column_pieces, j = piece % column_pieces;
    const Index row = begin(i, row_pieces, M), column = begin(j, column_pieces, N);
    const Index rows = (i + 1 == row_pieces ? M : begin(i + 1, row_pieces, M)) - row;
    const Index columns = (j + 1 == column_pieces ? N : begin(j + 1, column_pieces, N)) - column;
    if (rows > 0 && columns > 0) f(row, rows, column, columns);
  });
}

}  // namespace detail

/// y = x W^T.  x [M, In], W [Out, In], y [M, Out].
template <Real T>
void multiply_transposed(ConstMatrixRef<T> x, ConstMatrixRef<T> W, MatrixRef<T> y) {
  detail::for_product_pieces(y.rows(), y.cols(), x.cols(), [&](Index row, Index rows, Index column, Index columns) {
    y.block(row, column, rows, columns).noalias() = x.middleRows(row, rows) * W.middleRows(column, columns).transpose();
  });
}

/// dx += dy W.  dy [M, Out], W [Out, In], dx [M, In].
template <Real T>
void add_product(ConstMatrixRef<T> dy, ConstMatrixRef<T> W, MatrixRef<T> dx) {
  detail::for_product_pieces(dx.rows(), dx.cols(), dy.cols(), [&](Index row, Index rows, Index column, Index columns) {
    dx.block(row, column, rows, columns).noalias() += dy.middleRows(row, rows) * W.middleCols(column, columns);
  });
}

/// dW += dy^T x.  dy [M, Out], x [M, In], dW [Out, In].
template <Real T>
void add_transposed_product(ConstMatrixRef<T> dy, ConstMatrixRef<T> x, MatrixRef<T> dW) {
  detail::for_product_pieces(dW.rows(), dW.cols(), dy.rows(), [&](Index row, Index rows, Index column, Index columns) {
    dW.block(row, column, rows, columns).noalias() += dy.middleCols(row, rows).transpose() * x.middleCols(column, columns);
  });
}

}  // namespace deltanet
