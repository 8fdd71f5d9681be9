#pragma once

#include <algorithm>
#include <vector>

#include "deltanet/core/sequences.hpp"

/// Ranges of the tokens of a batch, counted over all its rows, as packed tokens, and back.
namespace deltanet::detail {

/// The ranges one after the other as sequences, possibly of no tokens.
[[nodiscard]] inline Sequences packed(const PoolVector<Sequence>& ranges) {
  Sequences sequences{{0}};
  for (const Sequence& range : ranges) sequences.cu_seqlens.push_back(sequences.cu_seqlens.back() + range.tokens());
  return sequences;
}

/// The tokens of the ranges: [B, T, D] -> [1, M, D].
template <Real T>
[[nodiscard]] Tensor<T, 3> gather(std::type_identity_t<View<const T, 3>> x, const PoolVector<Sequence>& ranges) {
  const Index D = x.shape[2];
  Tensor<T, 3> part(1, packed(ranges).cu_seqlens.back(), D);
  T* next = part.data();
  for (const Sequence& range : ranges) next = std::copy_n(x.data + range.begin * D, range.tokens() * D, next);
  return part;
}

/// Puts the tokens of the ranges, [1, M, D], into their places in x [B, T, D].
template <Real T>
void scatter(std::type_identity_t<View<const T, 3>> part, const PoolVector<Sequence>& ranges, View<T, 3> x) {
  const Index D = x.shape[2];
  const T* next = part.data;
  for (const Sequence& range : ranges) {
    std::copy_n(next, range.tokens() * D, x.data + range.begin * D);
    next += range.tokens() * D;
  }
}

}  // namespace deltanet::detail
