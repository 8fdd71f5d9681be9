#pragma once

#include <array>

#include "deltanet/core/sequences.hpp"

/// The rows of one head, cut out of tensors whose heads lie side by side.
namespace deltanet::detail {

/// Rows of one head, somewhere in a tensor [B, T, H, width].
template <class T>
using StridedRows =
    Eigen::Map<std::conditional_t<std::is_const_v<T>, const EigenMatrix<std::remove_const_t<T>>, EigenMatrix<T>>, 0,
               Eigen::OuterStride<>>;

/// Those of one sequence in a tensor of the shape [B, T, H, width].  [tokens, width]
template <class T>
[[nodiscard]] StridedRows<T> head_rows(T* data, const std::array<Index, 4>& shape, const Sequence& sequence, Index h) {
  const Index stride = shape[2] * shape[3];
  return StridedRows<T>(data + sequence.begin * stride + h * shape[3], sequence.tokens(), shape[3],
                        Eigen::OuterStride<>(stride));
}

}  // namespace deltanet::detail
