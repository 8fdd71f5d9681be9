#pragma once

#include <algorithm>
#include <utility>

#include "deltanet/core/packet.hpp"

/// The one small matrix product under every chunked scan: a panel of columns, kept in registers a few rows at a time.
namespace deltanet {

/// What a product does with what its destination held.
enum class Keep {
  nothing,  ///< C = A B
  all,      ///< C = C + A B
  scaled    ///< C = diag(factors) C + A B
};

/// Whether the left factor is lower triangular: A(i, p) = 0 for p > i, so that those can be skipped.
enum class Triangle { none, lower };

/// The left factor of a panel product, in any layout: entry (i, p) is data[i * row_stride + p * column_stride].
template <Real T>
struct LeftFactor {
  const T* data;
  Index row_stride;
  Index column_stride;

  static LeftFactor plain(const T* data, Index stride) { return {data, stride, 1}; }
  static LeftFactor transposed(const T* data, Index stride) { return {data, 1, stride}; }

  [[nodiscard]] LeftFactor from_row(Index row) const { return {data + row * row_stride, row_stride, column_stride}; }
};

namespace detail {

/// Rows x panel entries of C at once: 2 * Rows accumulators stay in registers over the whole depth.
template <int Rows, Keep keep, Real T>
EIGEN_ALWAYS_INLINE void tile(Index depth, LeftFactor<T> a, const T* b, Index ldb, T* c, Index ldc, const T* factors) {
  using L = Lanes<T>;
  using Packet = typename L::Packet;
  [&]<std::size_t... r>(std::index_sequence<r...>) {
    Packet left[Rows], right[Rows];
    const auto start = [&](Packet& accumulator, std::size_t row, Index column) {
      if constexpr (keep == Keep::nothing) {
        accumulator = L::broadcast(T(0));
      } else {
        accumulator = L::load(c + static_cast<Index>(row) * ldc + column);
        if constexpr (keep == Keep::scaled) accumulator = L::multiply(L::broadcast(factors[row]), accumulator);
      }
    };
    ((start(left[r], r, 0), start(right[r], r, L::size)), ...);
    const T* entry = a.data;
    for (Index p = 0; p < depth; ++p, entry += a.column_stride, b += ldb) {
      const Packet b_left = L::load(b), b_right = L::load(b + L::size);
      const auto multiply_add = [&](std::size_t row) {
        const Packet a_row = L::broadcast(entry[static_cast<Index>(row) * a.row_stride]);
        left[row] = L::multiply_add(a_row, b_left, left[row]);
        right[row] = L::multiply_add(a_row, b_right, right[row]);
      };
      (multiply_add(r), ...);
    }
    ((L::store(c + static_cast<Index>(r) * ldc, left[r]), L::store(c + static_cast<Index>(r) * ldc + L::size, right[r])), ...);
  }
  (std::make_index_sequence<static_cast<std::size_t>(Rows)>{});
}

/// Calls the tile of `rows` rows, 1 <= rows <= Rows.
template <int Rows, Keep keep, Real T>
EIGEN_ALWAYS_INLINE void tile_of(Index rows, Index depth, LeftFactor<T> a, const T* b, Index ldb, T* c, Index ldc,
                                 const T* factors) {
  if (rows == Rows) {
    tile<Rows, keep>(depth, a, b, ldb, c, ldc, factors);
  } else if constexpr (Rows > 1) {
    tile_of<Rows - 1, keep>(rows, depth, a, b, ldb, c, ldc, factors);
  }
}

}  // namespace detail

/// C [rows, panel] = keep(C) + A [rows, depth] B [depth, panel]. Rows of B and C are ldb and ldc entries apart; `factors`
/// [rows] are read for Keep::scaled.
template <Keep keep, Triangle triangle = Triangle::none, Real T>
void panel_product(Index rows, Index depth, LeftFactor<T> a, const T* b, Index ldb, T* c, Index ldc,
                   const T* factors = nullptr) {
  // Tiles of nearly equal heights: a last tile of one or two rows would leave the multiply-add units waiting.
  const Index tiles = (rows + Lanes<T>::tile_rows - 1) / Lanes<T>::tile_rows;
  for (Index i = 0, row = 0; i < tiles; ++i) {
    const Index height = (rows - row) / (tiles - i);
    const Index reach = triangle == Triangle::lower ? std::min(depth, row + height) : depth;
    detail::tile_of<Lanes<T>::tile_rows, keep>(height, reach, a.from_row(row), b, ldb, c + row * ldc, ldc,
                                               keep == Keep::scaled ? factors + row : nullptr);
    row += height;
  }
}

/// C [rows, columns] = keep(C) + A B, panel by panel; `columns` is a multiple of a panel's width.
template <Keep keep, Real T>
void small_product(Index rows, Index columns, Index depth, LeftFactor<T> a, const T* b, Index ldb, T* c, Index ldc) {
  for (Index column = 0; column < columns; column += Lanes<T>::panel)
    panel_product<keep>(rows, depth, a, b + column, ldb, c + column, ldc);
}

}  // namespace deltanet
