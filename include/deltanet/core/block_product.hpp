#pragma once

#include <algorithm>

#include "deltanet/core/tile_product.hpp"
#include "deltanet/core/transpose.hpp"

/// The matrix product under every linear map, one block of the result at a time: both factors are copied as register tiles read
/// them, a slice of the depth at a time.
///
/// An entry of the result is summed over the depth in order, one multiply-add after the other, whatever the sizes and wherever
/// it lies.
namespace deltanet::detail {

/// What is copied of the two factors.
template <Real T>
struct BlockScratch {
  static constexpr Index depth = 192;  // of a slice: 24 KiB of a panel of floats, which stay in the first cache

  Vector<T> left, right, edge;

  static T* at_least(Index size, Vector<T>& numbers) {
    if (numbers.size() < size) numbers.resize(size);
    return numbers.data();
  }
};

/// Rows lie a little further apart than a power of two, where they would drive each other out of the cache.
template <Real T>
[[nodiscard]] constexpr Index apart(Index entries) {
  return padded<T>(entries) + Lanes<T>::size;
}

/// Columns [begin, begin + n) of A [rows, ..].
template <Real T>
[[nodiscard]] Plain<T> copy_left(Index rows, Plain<T> A, Index begin, Index n, Vector<T>& scratch) {
  const Index stride = apart<T>(n);
  T* const to = BlockScratch<T>::at_least(rows * stride, scratch);
  for (Index i = 0; i < rows; ++i) std::copy_n(A.data + i * A.stride + begin, n, to + i * stride);
  return {to, stride};
}
template <Real T>
[[nodiscard]] Transposed<T> copy_left(Index rows, Transposed<T> A, Index begin, Index n, Vector<T>& scratch) {
  const Index stride = apart<T>(rows);
  T* const to = BlockScratch<T>::at_least(n * stride, scratch);
  for (Index p = 0; p < n; ++p) std::copy_n(A.data + (begin + p) * A.stride, rows, to + p * stride);
  return {to, stride};
}

/// Rows [begin, begin + n) of B [.., columns], panel by panel: [columns / panel][n][panel], with zeros after the last column.
template <Real T>
[[nodiscard]] const T* copy_right(Index columns, Plain<T> B, Index begin, Index n, Vector<T>& scratch) {
  using L = Lanes<T>;
  constexpr Index panel = L::panel;
  T* const packed = BlockScratch<T>::at_least(n * padded<T>(columns), scratch);
  T* to = packed;
  for (Index column = 0; column < columns; column += panel) {
    const T* from = B.data + begin * B.stride + column;
    if (const Index width = columns - column; width >= panel)
      for (Index p = 0; p < n; ++p, to += panel, from += B.stride) {
        L::store(to, L::load(from));
        L::store(to + L::size, L::load(from + L::size));
      }
    else
      for (Index p = 0; p < n; ++p, to += panel, from += B.stride) std::fill(std::copy_n(from, width, to), to + panel, T(0));
  }
  return packed;
}
template <Real T>
[[nodiscard]] const T* copy_right(Index columns, Transposed<T> B, Index begin, Index n, Vector<T>& scratch) {
  constexpr Index panel = Lanes<T>::panel;
  T* const packed = BlockScratch<T>::at_least(n * padded<T>(columns), scratch);
  for (Index column = 0; column < columns; column += panel) {
    T* const to = packed + column * n;
    const Index width = std::min(panel, columns - column);
    if (width < panel) std::fill_n(to, n * panel, T(0));
    transpose(width, n, B.data + column * B.stride + begin, B.stride, to, panel);
  }
  return packed;
}

/// C [rows, columns] = keep(C) + A [rows, depth] B [depth, columns]. A and B are Plain or Transposed. Rows of C lie ldc entries
/// apart.
template <Keep keep, Real T, class Left, class Right>
void block_product(Index rows, Index columns, Index depth, Left A, Right B, T* C, Index ldc) {
  constexpr PanelWidth<T> panel;
  if (depth == 0) {
    for (Index i = 0; keep == Keep::nothing && i < rows; ++i) std::fill_n(C + i * ldc, columns, T(0));
    return;
  }
  BlockScratch<T> scratch;
  const auto add_slice = [&]<Keep kept>(Index begin, std::integral_constant<Keep, kept>) {
    const Index n = std::min(depth - begin, scratch.depth);
    const auto left = copy_left(rows, A, begin, n, scratch.left);
    const T* const right = copy_right(columns, B, begin, n, scratch.right);
    Index column = 0;
    for (; column + panel <= columns; column += panel)
      panel_product<kept>(rows, n, left, right + column * n, panel, C + column, ldc);
    if (column == columns) return;
    T* const edge = BlockScratch<T>::at_least(rows * panel, scratch.edge);
    const auto move = [&](const T* from, Index from_stride, T* to, Index to_stride) {
      for (Index i = 0; i < rows; ++i) std::copy_n(from + i * from_stride, columns - column, to + i * to_stride);
    };
    if (kept == Keep::all) move(C + column, ldc, edge, panel);
    panel_product<kept>(rows, n, left, right + column * n, panel, edge, panel);
    move(edge, panel, C + column, ldc);
  };
  add_slice(0, std::integral_constant<Keep, keep>());
  for (Index begin = scratch.depth; begin < depth; begin += scratch.depth)
    add_slice(begin, std::integral_constant<Keep, Keep::all>());
}

}  // namespace deltanet::detail
