#pragma once

#include <algorithm>

#include "deltanet/core/block_product.hpp"
#include "deltanet/core/threads.hpp"

/// The three matrix products of a linear map y = x W^T: its forward, its gradient by x, its gradient by W.
///
/// Every entry is summed over the depth in order: it is the same to the last bit wherever the result is cut into pieces, for
/// any number of threads, and whatever other rows and columns there are.
namespace deltanet {

/// A matrix that a product reads: a Matrix, a MatrixMap or rows of one, without a copy. T is given, not deduced. The stride is
/// Eigen's own choice, named: clang 14 has two names for functions of what Eigen's default computes, and does not link them.
template <Real T>
using ConstMatrixRef = std::type_identity_t<const Eigen::Ref<const EigenMatrix<T>, 0, Eigen::OuterStride<>>&>;

/// A matrix that a product writes.
template <Real T>
using MatrixRef = std::type_identity_t<Eigen::Ref<EigenMatrix<T>, 0, Eigen::OuterStride<>>>;

namespace detail {

/// How many pieces an axis of `extent` entries is cut into, each of about `target` entries.
[[nodiscard]] inline Index pieces_of(Index extent, Index target) { return std::max<Index>(1, (extent + target / 2) / target); }

/// Calls f(row, rows, column, columns) in parallel for pieces of an [M, N] product of the given depth, enough of them for all
/// threads. No result may depend on where they lie.
template <class F>
void for_product_pieces(Index M, Index N, Index depth, const F& f) {
  constexpr Index target = 256, grain = 32;     // entries along an axis; pieces begin at multiples of the widest panel
  constexpr Index least_work = Index(1) << 19;  // multiply-adds worth a second thread
  const Index worth = M * N * depth / least_work, wanted = std::min<Index>(worth, 2 * num_threads());
  Index row_pieces = worth > 0 ? pieces_of(M, target) : 1, column_pieces = worth > 0 ? pieces_of(N, target) : 1;
  while (row_pieces * column_pieces < wanted && std::max(M / row_pieces, N / column_pieces) >= 2 * grain)
    ++(M / row_pieces >= N / column_pieces ? row_pieces : column_pieces);
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
  const Index ldx = x.outerStride(), ldw = W.outerStride(), ldy = y.outerStride();
  detail::for_product_pieces(y.rows(), y.cols(), x.cols(), [&](Index row, Index rows, Index column, Index columns) {
    detail::block_product<Keep::nothing>(rows, columns, x.cols(), Plain<T>{x.data() + row * ldx, ldx},
                                         Transposed<T>{W.data() + column * ldw, ldw}, y.data() + row * ldy + column, ldy);
  });
}

/// dx += dy W.  dy [M, Out], W [Out, In], dx [M, In].
template <Real T>
void add_product(ConstMatrixRef<T> dy, ConstMatrixRef<T> W, MatrixRef<T> dx) {
  const Index lddy = dy.outerStride(), ldw = W.outerStride(), lddx = dx.outerStride();
  detail::for_product_pieces(dx.rows(), dx.cols(), dy.cols(), [&](Index row, Index rows, Index column, Index columns) {
    detail::block_product<Keep::all>(rows, columns, dy.cols(), Plain<T>{dy.data() + row * lddy, lddy},
                                     Plain<T>{W.data() + column, ldw}, dx.data() + row * lddx + column, lddx);
  });
}

/// dW += dy^T x.  dy [M, Out], x [M, In], dW [Out, In].
template <Real T>
void add_transposed_product(ConstMatrixRef<T> dy, ConstMatrixRef<T> x, MatrixRef<T> dW) {
  const Index lddy = dy.outerStride(), ldx = x.outerStride(), lddw = dW.outerStride();
  detail::for_product_pieces(dW.rows(), dW.cols(), dy.rows(), [&](Index row, Index rows, Index column, Index columns) {
    detail::block_product<Keep::all>(rows, columns, dy.rows(), Transposed<T>{dy.data() + row, lddy},
                                     Plain<T>{x.data() + column, ldx}, dW.data() + row * lddw + column, lddw);
  });
}

}  // namespace deltanet
