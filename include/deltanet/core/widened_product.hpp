#pragma once

#include "deltanet/core/product.hpp"
#include "deltanet/core/widen.hpp"

/// y = x W^T for a weight kept in 16 bits: widened in registers for a few tokens, in tiles for many.
namespace deltanet::detail {

/// Tokens from which on it pays to write the widened entries to memory, from where Eigen's product takes them.
inline constexpr Index many_tokens = 16;

/// y [Tokens, Rows] = x [Tokens, depth] W [Rows, depth]^T, all sums in registers; rows lie ldx, ldw and ldy entries apart.
template <int Tokens, int Rows, Real T, class Stored>
void widened_tile(Index depth, const T* x, Index ldx, const Stored* W, Index ldw, T* y, Index ldy) {
  using L = Lanes<T>;
  typename L::Packet sums[Tokens][Rows];
  for (auto& token : sums)
    for (auto& sum : token) sum = L::broadcast(T(0));
  Index i = 0;
  for (; i + L::size <= depth; i += L::size) {
    typename L::Packet entries[Tokens];
    for (int t = 0; t < Tokens; ++t) entries[t] = L::load(x + t * ldx + i);
    for (int r = 0; r < Rows; ++r) {
      const auto weight = load_widened<T>(W + r * ldw + i);
      for (int t = 0; t < Tokens; ++t) sums[t][r] = L::multiply_add(entries[t], weight, sums[t][r]);
    }
  }
  for (int t = 0; t < Tokens; ++t)
    for (int r = 0; r < Rows; ++r) {
      T sum = L::sum(sums[t][r]);
      for (Index j = i; j < depth; ++j) sum += x[t * ldx + j] * widened<T>(W[r * ldw + j]);
      y[t * ldy + r] = sum;
    }
}

/// Tiles of `Tokens` tokens over all rows of W.
template <int Tokens, Real T, class Stored>
void widened_rows(Index depth, const T* x, Index ldx, const Stored* W, Index ldw, Index rows, T* y, Index ldy) {
  constexpr int Rows = Tokens == 1 ? 8 : 4;
  Index row = 0;
  for (; row + Rows <= rows; row += Rows) widened_tile<Tokens, Rows>(depth, x, ldx, W + row * ldw, ldw, y + row, ldy);
  for (; row < rows; ++row) widened_tile<Tokens, 1>(depth, x, ldx, W + row * ldw, ldw, y + row, ldy);
}

/// y = x W^T.  x [M, In], W [Out, In], y [M, Out].
template <Real T, class Stored>
void multiply_widened(ConstMatrixRef<T> x, const Matrix<Stored>& W, MatrixRef<T> y) {
  const Index depth = x.cols(), ldx = x.outerStride(), ldw = depth, ldy = y.outerStride();
  for_product_pieces(y.rows(), y.cols(), depth, [&](Index row, Index rows, Index column, Index columns) {
    if (rows >= many_tokens) {
      const Matrix<T> widened = W.middleRows(column, columns).template cast<T>();
      y.block(row, column, rows, columns).noalias() = x.middleRows(row, rows) * widened.transpose();
      return;
    }
    const Stored* const w = W.data() + column * ldw;
    Index done = 0;
    const auto tokens = [&]<int Tokens>(std::integral_constant<int, Tokens>) {
      for (; done + Tokens <= rows; done += Tokens)
        widened_rows<Tokens>(depth, x.data() + (row + done) * ldx, ldx, w, ldw, columns, y.data() + (row + done) * ldy + column,
                             ldy);
    };
    tokens(std::integral_constant<int, 4>());
    tokens(std::integral_constant<int, 2>());
    tokens(std::integral_constant<int, 1>());
  });
}

}  // namespace deltanet::detail
