#pragma once

#include <algorithm>

#include "deltanet/layers/tokens.hpp"

/// What belongs to H key heads, given to each of the H * group value heads: value head h reads key head h / group.
namespace deltanet {

/// [B, T, H, K] -> [B, T, H group, K].
template <Real T>
[[nodiscard]] Tensor<T, 4> repeat_heads(View<const T, 4> x, Index group) {
  const Index H = x.shape[2], K = x.shape[3], heads = x.shape[0] * x.shape[1] * H;
  Tensor<T, 4> repeated(x.shape[0], x.shape[1], H * group, K);
  detail::RowPieces(heads, group * K).for_each([&](Index, Index first, Index count) {
    for (Index i = first * group; i < (first + count) * group; ++i)
      std::copy_n(x.data + i / group * K, K, repeated.data() + i * K);
  });
  return repeated;
}

/// The gradient of `repeat_heads`: [B, T, H group, K] -> [B, T, H, K].
//
// forward: y_h = x_{h / group}
// so:      dx_h = sum of the dy of its value heads
template <Real T>
[[nodiscard]] Tensor<T, 4> repeat_heads_backward(View<const T, 4> dy, Index group) {
  const Index H = dy.shape[2] / group, K = dy.shape[3], heads = dy.shape[0] * dy.shape[1] * H;
  Tensor<T, 4> dx(dy.shape[0], dy.shape[1], H, K);
  detail::RowPieces(heads, group * K).for_each([&](Index, Index first, Index count) {
    for (Index i = first; i < first + count; ++i)
      VectorMap<T>(dx.data() + i * K, K) = MatrixMap<const T>(dy.data + i * group * K, group, K).colwise().sum();
  });
  return dx;
}

}  // namespace deltanet
