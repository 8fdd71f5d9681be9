#pragma once

#include "deltanet/core/row_pieces.hpp"

/// Memory that begins at zero. Where it is fresh, writing it takes longer than some products with it do: all threads help.
namespace deltanet {

namespace detail {

/// Sets `size` numbers to zero, in parallel where they are many.
template <class T>
void set_zero(T* data, Index size) {
  for_each_range(size, [&](Index begin, Index count) { std::fill_n(data + begin, count, T(0)); });
}

}  // namespace detail

/// A tensor of zeros.
template <class T, class... Extents>
Tensor<T, sizeof...(Extents)> zeros(Extents... extents) {
  Tensor<T, sizeof...(Extents)> tensor(static_cast<Index>(extents)...);
  detail::set_zero(tensor.data(), tensor.size());
  return tensor;
}

/// A matrix of zeros.
template <Real T>
Matrix<T> zero_matrix(Index rows, Index columns) {
  Matrix<T> matrix(rows, columns);
  detail::set_zero(matrix.data(), matrix.size());
  return matrix;
}

}  // namespace deltanet
