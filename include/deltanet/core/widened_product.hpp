#pragma once

#include "deltanet/core/product.hpp"
#include "deltanet/core/widen.hpp"

/// y = x W^T for a weight kept in 16 bits, which is widened in registers. Its memory is what one token waits for; for many
/// tokens the tiles keep up with Eigen's product, which would need the widened entries in memory.
namespace deltanet::detail {

/// The first `count` numbers at `from`, and zeros up to a packet's size.
template <Real T, class Number>
struct PaddedPacket {
  Number numbers[static_cast<std::size_t>(Lanes<T>::size)]{};
  PaddedPacket(const Number* from, Index count) { std::copy_n(from, count, numbers); }
};

/// y [Tokens, Rows] = x [Tokens, depth] W [Rows, depth]^T, all sums in registers; rows lie ldx, ldw and ldy entries apart. An
/// entry of y is summed in the same order for any Tokens and Rows.
template <int Tokens, int Rows, Real T, class Stored>
void widened_tile(Index depth, const T* x, Index ldx, const Stored* W, Index ldw, T* y, Index ldy) {
  using L = Lanes<T>;
  using Packet = typename L::Packet;
  Packet sums[Tokens][Rows];
  for (auto& token : sums)
    for (Packet& sum : token) sum = L::broadcast(T(0));
  const auto add = [&](const auto& entries_of, const auto& weights_of) DELTANET_INLINE_LAMBDA {
    Packet entries[Tokens];
    for (int t = 0; t < Tokens; ++t) entries[t] = entries_of(x + t * ldx);
    for (int r = 0; r < Rows; ++r) {
      const Packet weights = weights_of(W + r * ldw);
      for (int t = 0; t < Tokens; ++t) sums[t][r] = L::multiply_add(entries[t], weights, sums[t][r]);
    }
  };
  Index i = 0;
  for (; i + L::size <= depth; i += L::size)
    add([=](const T* row) DELTANET_INLINE_LAMBDA { return L::load(row + i); },
        [=](const Stored* row) DELTANET_INLINE_LAMBDA { return load_widened<T>(row + i); });
  if (i < depth)
    add([=](const T* row) { return L::load(PaddedPacket<T, T>(row + i, depth - i).numbers); },
        [=](const Stored* row) { return load_widened<T>(PaddedPacket<T, Stored>(row + i, depth - i).numbers); });
  for (int t = 0; t < Tokens; ++t)
    for (int r = 0; r < Rows; ++r) y[t * ldy + r] = L::sum(sums[t][r]);
}

/// Tiles of `Tokens` tokens over all rows of W.
template <int Tokens, Real T, class Stored>
void widened_rows(Index depth, const T* x, Index ldx, const Stored* W, Index ldw, Index rows, T* y, Index ldy) {
  constexpr int Rows = Tokens == 1 ? 8 : EIGEN_ARCH_DEFAULT_NUMBER_OF_REGISTERS >= 32 ? 4 : 2;
  Index row = 0;
  for (; row + Rows <= rows; row += Rows) widened_tile<Tokens, Rows>(depth, x, ldx, W + row * ldw, ldw, y + row, ldy);
  for (; row < rows; ++row) widened_tile<Tokens, 1>(depth, x, ldx, W + row * ldw, ldw, y + row, ldy);
}

/// y = x W^T.  x [M, In], W [Out, In], y [M, Out].
template <Real T, class Stored>
void multiply_widened(ConstMatrixRef<T> x, const Matrix<Stored>& W, MatrixRef<T> y) {
  const Index depth = x.cols(), ldx = x.outerStride(), ldw = depth, ldy = y.outerStride();
  for_product_pieces(y.rows(), y.cols(), depth, [&](Index row, Index rows, Index column, Index columns) {
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
