#pragma once

#include "deltanet/core/product.hpp"
#include "deltanet/core/widen.hpp"

/// y = x W^T for a weight kept in 16 bits, which is widened in registers. Its memory is what one token waits for; for many
/// tokens the tiles keep up with Eigen's product, which would need the widened entries in memory.
namespace deltanet::detail {

/// Calls f(first, Tokens) for groups of 4, 2 and 1 tokens, the latter as an integral constant.
template <class F>
void for_token_groups(Index tokens, const F& f) {
  Index first = 0;
  const auto groups_of = [&](auto size) {
    for (; first + size <= tokens; first += size) f(first, size);
  };
  groups_of(std::integral_constant<int, 4>());
  groups_of(std::integral_constant<int, 2>());
  groups_of(std::integral_constant<int, 1>());
}

/// The tokens of a group side by side, packet by packet: [depth / size][Tokens][size], with zeros after the last. Their rows
/// in x may lie a power of two apart, where they would drive each other out of the first cache.
template <int Tokens, Real T>
void pack_tokens(const T* x, Index ldx, Index depth, T* to) {
  constexpr Index size = Lanes<T>::size;
  for (Index i = 0; i < depth; i += size)
    for (int t = 0; t < Tokens; ++t, to += size) {
      const Index count = std::min(size, depth - i);
      std::fill(std::copy_n(x + t * ldx + i, count, to), to + size, T(0));
    }
}

/// y [Tokens, Rows] = x [Tokens, depth] W [Rows, depth]^T, all sums in registers; x is packed, rows of W and y lie ldw and ldy
/// entries apart. An entry of y is summed in the same order for any Tokens and Rows.
template <int Tokens, int Rows, Real T, class Stored>
void widened_tile(Index depth, const T* x, const Stored* W, Index ldw, T* y, Index ldy) {
  using L = Lanes<T>;
  using Packet = typename L::Packet;
  Packet sums[Tokens][Rows];
  for (auto& token : sums)
    for (Packet& sum : token) sum = L::broadcast(T(0));
  const auto add = [&](const auto& weights_of) DELTANET_INLINE_LAMBDA {
    Packet entries[Tokens];
    for (int t = 0; t < Tokens; ++t) entries[t] = L::load(x + t * L::size);
    for (int r = 0; r < Rows; ++r) {
      const Packet weights = weights_of(W + r * ldw);
      for (int t = 0; t < Tokens; ++t) sums[t][r] = L::multiply_add(entries[t], weights, sums[t][r]);
    }
    x += Tokens * L::size;
  };
  Index i = 0;
  for (; i + L::size <= depth; i += L::size)
    add([=](const Stored* row) DELTANET_INLINE_LAMBDA { return load_widened<T>(row + i); });
  if (i < depth)
    add([=](const Stored* row) {
      Stored last[static_cast<std::size_t>(L::size)]{};
      std::copy_n(row + i, depth - i, last);
      return load_widened<T>(last);
    });
  for (int t = 0; t < Tokens; ++t)
    for (int r = 0; r < Rows; ++r) y[t * ldy + r] = L::sum(sums[t][r]);
}

/// The tiles of `Tokens` tokens and some rows of W.
template <int Tokens, Real T, class Stored>
void widened_rows(Index depth, const T* x, const Stored* W, Index ldw, Index rows, T* y, Index ldy) {
  constexpr int Rows = Tokens == 1 ? 8 : EIGEN_ARCH_DEFAULT_NUMBER_OF_REGISTERS >= 32 ? 4 : 2;
  Index row = 0;
  for (; row + Rows <= rows; row += Rows) widened_tile<Tokens, Rows>(depth, x, W + row * ldw, ldw, y + row, ldy);
  for (; row < rows; ++row) widened_tile<Tokens, 1>(depth, x, W + row * ldw, ldw, y + row, ldy);
}

/// y = x W^T.  x [M, In], W [Out, In], y [M, Out].
template <Real T, class Stored>
void multiply_widened(ConstMatrixRef<T> x, const Matrix<Stored>& W, MatrixRef<T> y) {
  constexpr Index block = 32;  // rows of W that stay in the second cache while all tokens pass
  const Index depth = x.cols(), ldy = y.outerStride(), size = Lanes<T>::size, packed_depth = (depth + size - 1) / size * size;
  for_product_pieces(y.rows(), y.cols(), depth, [&](Index row, Index rows, Index column, Index columns) {
    Vector<T> packed(rows * packed_depth);
    for_token_groups(rows, [&]<int Tokens>(Index first, std::integral_constant<int, Tokens>) {
      pack_tokens<Tokens>(x.data() + (row + first) * x.outerStride(), x.outerStride(), depth,
                          packed.data() + first * packed_depth);
    });
    for (Index begin = column; begin < column + columns; begin += block)
      for_token_groups(rows, [&]<int Tokens>(Index first, std::integral_constant<int, Tokens>) {
        widened_rows<Tokens>(depth, packed.data() + first * packed_depth, W.data() + begin * depth, depth,
                             std::min(block, column + columns - begin), y.data() + (row + first) * ldy + begin, ldy);
      });
  });
}

}  // namespace deltanet::detail
