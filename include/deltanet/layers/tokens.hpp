#pragma once

#include <algorithm>

#include "deltanet/core/row_pieces.hpp"

/// What every layer does with tokens: copies for a cache, sums, one token as a sequence.
namespace deltanet::detail {

/// One token of each sequence as sequences of one token: [B, D] -> [B, 1, D].
template <class T>
[[nodiscard]] View<T, 3> as_sequences(const View<T, 2>& x) {
  return {x.data, {x.shape[0], 1, x.shape[1]}};
}

/// Keeps a copy of `x` in `tensor`, whose memory is used again if it is of the same size.
template <Real T>
void keep(View<const T, 3> x, Tensor<T, 3>& tensor) {
  tensor.resize(x.shape);
  copy_entries(x.data, x.size(), tensor.data());
}

/// y += x, entry by entry.
template <Real T>
void add_to(Tensor<T, 3>& y, std::type_identity_t<View<const T, 3>> x) {
  for_each_range(x.size(), [&](Index begin, Index size) {
    VectorMap<T>(y.data() + begin, size) += VectorMap<const T>(x.data + begin, size);
  });
}

/// The step of a layer whose forward takes any number of tokens: its forward over one. [B, D] -> [B, D'].
template <class Layer, Real T, class State>
[[nodiscard]] Tensor<T, 2> step_by_forward(const Layer& layer, View<const T, 2> x, State& state) {
  const Tensor<T, 3> y = layer.forward(as_sequences(x), &state);  // [B, 1, D']
  Tensor<T, 2> token(y.dimension(0), y.dimension(2));
  std::copy_n(y.data(), y.size(), token.data());
  return token;
}

}  // namespace deltanet::detail
