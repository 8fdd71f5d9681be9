#pragma once

#include "deltanet/core/lane_sums.hpp"
#include "deltanet/core/product.hpp"

/// y = x W^T with every token summed in the same order, whatever other tokens there are. W may be of another type than x: its
/// entries are widened in registers. One token waits for the weight's memory alone, which is read as it lies: lanes of a sum
/// are places of the depth. For many tokens the tiles reach 0.3 to 0.8 of the speed of product.hpp, whose lanes are outputs:
/// adding up the lanes of each sum shows.
namespace deltanet {

/// What a product of tokens is for.
enum class Pass {
  inference,  ///< a token's numbers are the same to the last bit, whatever other tokens the call has
  training    ///< the order of sums is whichever is fastest for many tokens
};

/// Training is where a Cache keeps what a backward needs.
template <class Cache>
[[nodiscard]] Pass pass_of(const Cache* cache) {
  return cache ? Pass::training : Pass::inference;
}

namespace detail {

/// Calls f(first, Tokens) for groups of tokens, their number as an integral constant.
template <class F>
void for_token_groups(Index tokens, const F& f) {
  constexpr int most = EIGEN_ARCH_DEFAULT_NUMBER_OF_REGISTERS >= 32 ? 6 : 3;
  Index first = 0;
  const auto groups_of = [&](auto size) {
    for (; first + size <= tokens; first += size) f(first, size);
  };
  groups_of(std::integral_constant<int, most>());
  if constexpr (most > 4) groups_of(std::integral_constant<int, 4>());
  groups_of(std::integral_constant<int, 2>());
  groups_of(std::integral_constant<int, 1>());
}

/// The tokens of a group side by side, packet by packet: [depth / size][Tokens][size], with zeros after the last. Their rows
/// in x may lie a power of two apart, where they would drive each other out of the first cache.
template <int Tokens, Real T>
void pack_tokens(const T* x, Index ldx, Index depth, T* to) {
  using L = Lanes<T>;
  Index i = 0;
  for (; i + L::size <= depth; i += L::size)
    for (int t = 0; t < Tokens; ++t, to += L::size) L::store(to, L::load(x + t * ldx + i));
  if (i == depth) return;
  for (int t = 0; t < Tokens; ++t, to += L::size) std::fill(std::copy_n(x + t * ldx + i, depth - i, to), to + L::size, T(0));
}

/// Some rows of W and of their depth. What is left of a row after its last whole packet is in `tails`, with zeros after it.
template <class Stored>
struct WeightBlock {
  const Stored* entries;
  Index stride;         // from row to row
  Index depth;          // a multiple of a packet's width
  const Stored* tails;  // [rows][size]; null where nothing is left

  [[nodiscard]] WeightBlock from_row(Index row, Index size) const {
    return {entries + row * stride, stride, depth, tails ? tails + row * size : nullptr};
  }
};

/// y [Tokens, Rows] = x W^T, or y + x W^T where `add`; all sums in registers, each in the same order for any Tokens and Rows. x
/// is packed; rows of y lie ldy entries apart.
template <int Tokens, int Rows, Real T, class Stored>
void token_tile(const T* x, const WeightBlock<Stored>& W, bool add, T* y, Index ldy) {
  using L = Lanes<T>;
  using Packet = typename L::Packet;
  constexpr int size = static_cast<int>(L::size), sums = Tokens * Rows;
  Packet sum[sums];
  for (Packet& packet : sum) packet = L::broadcast(T(0));
  const auto add_packets = [&](const Stored* from, Index stride) DELTANET_INLINE_LAMBDA {
    Packet entries[Tokens];
    for (int t = 0; t < Tokens; ++t) entries[t] = L::load(x + t * size);
    for (int r = 0; r < Rows; ++r) {
      const Packet weights = load_widened<T>(from + r * stride);
      for (int t = 0; t < Tokens; ++t) sum[t * Rows + r] = L::multiply_add(entries[t], weights, sum[t * Rows + r]);
    }
    x += Tokens * size;
  };
  for (Index i = 0; i < W.depth; i += size) add_packets(W.entries + i, W.stride);
  if (W.tails) add_packets(W.tails, size);

  T totals[(sums + size - 1) / size * size];
  [&]<int... i>(std::integer_sequence<int, i...>) DELTANET_INLINE_LAMBDA {
    (L::store(totals + i * size, LaneSums<T>::template of<std::min(size, sums - i * size)>(sum + i * size)), ...);
  }
  (std::make_integer_sequence<int, (sums + size - 1) / size>{});
  for (int t = 0; t < Tokens; ++t)
    for (int r = 0; r < Rows; ++r) y[t * ldy + r] = add ? y[t * ldy + r] + totals[t * Rows + r] : totals[t * Rows + r];
}

/// The tiles of `Tokens` tokens and `rows` rows of W.
template <int Tokens, Real T, class Stored>
void token_rows(const T* x, const WeightBlock<Stored>& W, Index rows, bool add, T* y, Index ldy) {
  constexpr int Rows = Tokens == 1 ? 8 : 4;
  Index row = 0;
  for (; row + Rows <= rows; row += Rows) token_tile<Tokens, Rows>(x, W.from_row(row, Lanes<T>::size), add, y + row, ldy);
  for (; row < rows; ++row) token_tile<Tokens, 1>(x, W.from_row(row, Lanes<T>::size), add, y + row, ldy);
}

/// Some tokens x [M, In], copied as the tiles read them.
template <Real T>
class PackedTokens {
 public:
  PackedTokens(const T* x, Index ldx, Index tokens, Index depth)
      : tokens_(tokens), depth_(depth), stride_(whole_packets<T>(depth)), entries_(tokens * stride_) {
    for_token_groups(tokens, [&]<int Tokens>(Index first, std::integral_constant<int, Tokens>) {
      pack_tokens<Tokens>(x + first * ldx, ldx, depth, entries_.data() + first * stride_);
    });
  }

  /// y [M, rows] = x W^T.  Rows of W [rows, In] and of y lie ldw and ldy entries apart.
  template <class Stored>
  void multiply(const Stored* W, Index ldw, Index rows, T* y, Index ldy) const {
    constexpr Index size = Lanes<T>::size, block = 32,
                    slice = 1024;  // of W, which stays in the second cache as all tokens pass
    for (Index row = 0; row < rows; row += block) {
      const Index block_rows = std::min(block, rows - row);
      Index begin = 0;
      do {  // once where the depth is 0, which makes zeros
        const Index end = std::min(depth_, begin + slice), left = (end - begin) % size;
        const Stored* entries = W + row * ldw + begin;
        Stored tails[static_cast<std::size_t>(block * size)];
        for (Index r = 0; r < (left > 0 ? block_rows : 0); ++r) {
          Stored* tail = tails + r * size;
          std::fill(std::copy_n(entries + r * ldw + (end - begin - left), left, tail), tail + size, Stored(0));
        }
        const WeightBlock<Stored> weights{entries, ldw, end - begin - left, left > 0 ? tails : nullptr};
        for_token_groups(tokens_, [&]<int Tokens>(Index first, std::integral_constant<int, Tokens>) {
          token_rows<Tokens>(entries_.data() + first * stride_ + Tokens * begin, weights, block_rows, begin > 0,
                             y + first * ldy + row, ldy);
        });
        begin = end;
      } while (begin < depth_);
    }
  }

 private:
  Index tokens_, depth_, stride_;
  Vector<T> entries_;
};

/// y = x W^T.  x [M, In], W [Out, In] with rows ldw entries apart, y [M, Out].
template <Real T, class Stored>
void multiply_tokens(ConstMatrixRef<T> x, const Stored* W, Index ldw, MatrixRef<T> y) {
  const Index ldx = x.outerStride(), ldy = y.outerStride();
  for_product_pieces(y.rows(), y.cols(), x.cols(), [&](Index row, Index rows, Index column, Index columns) {
    const PackedTokens<T> tokens(x.data() + row * ldx, ldx, rows, x.cols());
    tokens.multiply(W + column * ldw, ldw, columns, y.data() + row * ldy + column, ldy);
  });
}

}  // namespace detail

/// y = x W^T in the order of sums that the pass asks for.  x [M, In], W [Out, In], y [M, Out].
template <Real T>
void multiply_transposed(ConstMatrixRef<T> x, ConstMatrixRef<T> W, MatrixRef<T> y, Pass pass) {
  if (pass == Pass::training)
    multiply_transposed<T>(x, W, y);
  else
    detail::multiply_tokens<T>(x, W.data(), W.outerStride(), y);
}

}  // namespace deltanet
