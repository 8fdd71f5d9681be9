#pragma once

#include "deltanet/core/lane_sums.hpp"

/// Products of rows with rows, x w^T, with the vector lanes along the rows: no row needs to be copied into another layout.
namespace deltanet {

namespace detail {

/// to [Lanes::size] = <x, w_j> for the first `Count` rows w_j, then zeros. Rows are `width` long, whole packets. A product is
/// summed lane by lane, then over the lanes: in the same order whatever the count.
template <int Count, Real T>
EIGEN_ALWAYS_INLINE void products_with_rows(Index width, const T* x, const T* w, Index ldw, T* to) {
  using L = Lanes<T>;
  typename L::Packet sums[Count];
  for (auto& sum : sums) sum = L::broadcast(T(0));
  for (Index c = 0; c < width; c += L::size) {
    const auto entries = L::load(x + c);
#pragma GCC unroll 16
    for (int j = 0; j < Count; ++j) sums[j] = L::multiply_add(entries, L::load(w + j * ldw + c), sums[j]);
  }
  L::store(to, LaneSums<T>::template of<Count>(sums));
}

/// Calls the above for a count that is only known now, rounded up to a quarter of the lanes.
template <int Count, Real T>
EIGEN_ALWAYS_INLINE void products_with_some_rows(Index count, Index width, const T* x, const T* w, Index ldw, T* to) {
  constexpr int quarter = std::max(1, static_cast<int>(Lanes<T>::size) / 4);
  if constexpr (Count > quarter)
    if (count <= Count - quarter) return products_with_some_rows<Count - quarter>(count, width, x, w, ldw, to);
  products_with_rows<Count>(width, x, w, ldw, to);
}

}  // namespace detail

/// products [rows, n] = x w^T, for rows of x and w that are `width` numbers long, whole packets. Columns of `products` up to a
/// whole packet are written. Where n is no multiple of a quarter of a packet, up to as many rows of w are read; what they hold
/// goes to columns beyond n. A product does not depend, to the bit, on how many there are.
template <Real T>
void row_products(Index rows, Index n, Index width, const T* x, Index ldx, const T* w, Index ldw, T* products, Index ldp) {
  constexpr Index size = Lanes<T>::size;
  for (Index j = 0; j < n; j += size)
    for (Index i = 0; i < rows; ++i)
      detail::products_with_some_rows<static_cast<int>(size)>(std::min(size, n - j), width, x + i * ldx, w + j * ldw, ldw,
                                                              products + i * ldp + j);
}

}  // namespace deltanet
