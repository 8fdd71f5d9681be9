#pragma once

#include <algorithm>
#include <cstdint>

#include "deltanet/core/sequences.hpp"

namespace deltanet {

/// A batch of unequal lengths, padded to a rectangle and told by an attention mask [B, T], 1 for a token and 0 for padding: how
/// to pack it, and how to bring what was made of it back into the rectangle. Any layer or model reads it so:
///
///   const Padding padding(attention_mask);
///   y = padding.pad(layer.forward(padding.pack(x), &state, &cache, padding.sequences()));     state: of the B sequences
///   dx = padding.pad(layer.backward(cache, padding.pack(dy), gradients));
///
/// Padding so is never computed and changes nothing: no state, no convolution's taps, no gradient; outputs at padding are zero.
/// Rows are usually padded on the left, so that all end together and `step` goes on from the states; the mask may be any, and a
/// sequence without tokens leaves its state as it is.
class Padding {
 public:
  explicit Padding(View<const std::int32_t, 2> attention_mask) : shape_(attention_mask.shape) {
    sequences_.cu_seqlens.push_back(0);
    for (Index i = 0; i < attention_mask.size(); ++i) {
      const std::int32_t entry = attention_mask.data[i];
      expect(entry == 0 || entry == 1, "attention_mask: expected 0 or 1, got ", entry, " at flat index ", i);
      if (entry == 1) tokens_.push_back(i);
      if ((i + 1) % shape_[1] == 0) sequences_.cu_seqlens.push_back(static_cast<Index>(tokens_.size()));
    }
    sequences_.cu_seqlens.resize(static_cast<std::size_t>(shape_[0]) + 1);  // rows of no tokens at all
  }

  /// The B rows' tokens, packed.
  [[nodiscard]] const Sequences& sequences() const { return sequences_; }

  /// The tokens without their padding: [B, T] -> [1, M], or [B, T, D] -> [1, M, D].
  template <class T, int N>
  [[nodiscard]] auto pack(const View<T, N>& x) const {
    expect_tokens(x, shape_);
    auto y = zeros_of(x, {1, packed_size()});
    for (Index i = 0; i < packed_size(); ++i) copy_token(x, place(i), y, i);
    return y;
  }

  /// Packed tokens in their places, zeros at padding: [1, M] -> [B, T], or [1, M, D] -> [B, T, D].
  template <class T, int N>
  [[nodiscard]] auto pad(const View<T, N>& x) const {
    expect_tokens(x, {1, packed_size()});
    auto y = zeros_of(x, shape_);
    for (Index i = 0; i < packed_size(); ++i) copy_token(x, i, y, place(i));
    return y;
  }

  template <class T, int N>
  [[nodiscard]] Tensor<T, N> pack(const Tensor<T, N>& x) const {
    return pack(View<const T, N>(x));
  }
  template <class T, int N>
  [[nodiscard]] Tensor<T, N> pad(const Tensor<T, N>& x) const {
    return pad(View<const T, N>(x));
  }

 private:
  std::array<Index, 2> shape_;  // [B, T]
  std::vector<Index> tokens_;   // [M]: where each lies in the rectangle
  Sequences sequences_;

  [[nodiscard]] Index packed_size() const { return static_cast<Index>(tokens_.size()); }
  [[nodiscard]] Index place(Index i) const { return tokens_[static_cast<std::size_t>(i)]; }

  template <class T, int N>
  static void expect_tokens(const View<T, N>& x, const std::array<Index, 2>& shape) {
    static_assert(N == 2 || N == 3, "Padding: expected ids [B, T] or tokens [B, T, D]");
    if constexpr (N == 2)
      expect_shape("x", x, {{"B", shape[0]}, {"T", shape[1]}});
    else
      expect_shape("x", x, {{"B", shape[0]}, {"T", shape[1]}, {"D", x.shape[2]}});
  }

  /// Zeros of other extents [B, T], and of the width of x.
  template <class T, int N>
  static Tensor<std::remove_const_t<T>, N> zeros_of(const View<T, N>& x, const std::array<Index, 2>& shape) {
    auto extents = x.shape;
    std::copy(shape.begin(), shape.end(), extents.begin());
    Tensor<std::remove_const_t<T>, N> y(extents);
    y.setZero();
    return y;
  }

  template <class T, int N>
  static void copy_token(const View<T, N>& x, Index from, Tensor<std::remove_const_t<T>, N>& y, Index to) {
    const Index width = N == 3 ? x.shape[N - 1] : 1;
    std::copy_n(x.data + from * width, width, y.data() + to * width);
  }
};

}  // namespace deltanet
