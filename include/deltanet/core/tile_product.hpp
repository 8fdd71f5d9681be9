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
  scaled    ///< C = diag(factors) D + A B, where D may be C
};

/// What Keep::scaled adds to: rows of D, as far apart as those of C, and a factor for each.
template <Real T>
struct Scaled {
  const T* factors = nullptr;
  const T* D = nullptr;

  [[nodiscard]] EIGEN_ALWAYS_INLINE Scaled from_row(Index row, Index stride) const {
    return D == nullptr ? Scaled{} : Scaled{factors + row, D + row * stride};
  }
};

/// Whether the left factor is lower triangular: A(i, p) = 0 for p > i, so that those can be skipped.
enum class Triangle { none, lower };

/// The left factor of a panel product, row by row: entry (i, p) is data[i * stride + p].
template <Real T>
struct Plain {
  const T* data;
  Index stride;

  [[nodiscard]] EIGEN_ALWAYS_INLINE Plain from_row(Index row) const { return {data + row * stride, stride}; }
  [[nodiscard]] EIGEN_ALWAYS_INLINE T operator()(Index row, Index column) const { return data[row * stride + column]; }
};

/// The left factor of a panel product, given as its transpose: entry (i, p) is data[p * stride + i].
template <Real T>
struct Transposed {
  const T* data;
  Index stride;

  [[nodiscard]] EIGEN_ALWAYS_INLINE Transposed from_row(Index row) const { return {data + row, stride}; }
  [[nodiscard]] EIGEN_ALWAYS_INLINE T operator()(Index row, Index column) const { return data[column * stride + row]; }
};

namespace detail {

/// Rows x Packets vectors of C at once, the accumulators in registers over the whole depth. Packets is 2, a panel, or 1.
template <int Rows, int Packets, Keep keep, class Left, Real T, class StrideB, class StrideC>
EIGEN_ALWAYS_INLINE void tile(Index depth, Left a, const T* b, StrideB ldb, T* c, StrideC ldc, Scaled<T> kept) {
  using L = Lanes<T>;
  using Packet = typename L::Packet;
  constexpr bool two = Packets == 2;
  [=]<std::size_t... r>(std::index_sequence<r...>) DELTANET_INLINE_LAMBDA {
    Packet left[Rows], right[two ? Rows : 1];
    const auto start = [=](std::size_t row, Index column) DELTANET_INLINE_LAMBDA {
      return keep == Keep::all ? L::load(c + static_cast<Index>(row) * ldc + column) : L::broadcast(T(0));
    };
    ((left[r] = start(r, 0)), ...);
    if constexpr (two) ((right[r] = start(r, L::size)), ...);
      // Where another program shares the core, instructions are scarcer than multiply-adds: hence the unrolling.
#pragma GCC unroll 4
    for (Index p = 0; p < depth; ++p) {
      const Packet b_left = L::load(b + p * ldb), b_right = two ? L::load(b + p * ldb + L::size) : b_left;
      const auto multiply_add = [&](std::size_t row) DELTANET_INLINE_LAMBDA {
        const Packet entry = L::broadcast(a(static_cast<Index>(row), p));
        left[row] = L::multiply_add(entry, b_left, left[row]);
        if constexpr (two) right[row] = L::multiply_add(entry, b_right, right[row]);
      };
      (multiply_add(r), ...);
    }
    const auto finish = [=](std::size_t row, Index column, const Packet& sum) DELTANET_INLINE_LAMBDA {
      T* const to = c + static_cast<Index>(row) * ldc + column;
      if constexpr (keep == Keep::scaled) {
        const Packet rows = L::load(kept.D + static_cast<Index>(row) * ldc + column);
        L::store(to, L::multiply_add(L::broadcast(kept.factors[row]), rows, sum));
      } else {
        L::store(to, sum);
      }
    };
    ((finish(r, 0, left[r])), ...);
    if constexpr (two) ((finish(r, L::size, right[r])), ...);
  }
  (std::make_index_sequence<static_cast<std::size_t>(Rows)>{});
}

/// Calls the tile of `rows` rows, 1 <= rows <= Rows.
template <int Rows, int Packets, Keep keep, class Left, Real T, class StrideB, class StrideC>
EIGEN_ALWAYS_INLINE void tile_of(Index rows, Index depth, Left a, const T* b, StrideB ldb, T* c, StrideC ldc, Scaled<T> kept) {
  if (rows == Rows) {
    tile<Rows, Packets, keep>(depth, a, b, ldb, c, ldc, kept);
  } else if constexpr (Rows > 1) {
    tile_of<Rows - 1, Packets, keep>(rows, depth, a, b, ldb, c, ldc, kept);
  }
}

/// `panel_product` over the columns of one or two packets.
template <int Packets, Keep keep, Triangle triangle, class Left, Real T, class StrideB, class StrideC>
EIGEN_ALWAYS_INLINE void packets_product(Index rows, Index depth, Left a, const T* b, StrideB ldb, T* c, StrideC ldc,
                                         Scaled<T> kept) {
  constexpr int most = Lanes<T>::tile_rows;
  const auto reach = [=](Index end) { return triangle == Triangle::lower ? std::min(depth, end) : depth; };
  for (Index row = 0; row < rows;) {
    // The last two tiles are of nearly equal heights: one of one or two rows would leave the multiply-add units waiting.
    const Index rest = rows - row, height = rest <= most ? rest : rest < 2 * most ? (rest + 1) / 2 : most;
    tile_of<most, Packets, keep>(height, reach(row + height), a.from_row(row), b, ldb, c + row * ldc, ldc,
                                 kept.from_row(row, ldc));
    row += height;
  }
}

}  // namespace detail

/// C [rows, panel] = keep(C) + A [rows, depth] B [depth, panel]. A is Plain or Transposed. Rows of B and C are ldb and ldc
/// entries apart, each an Index or a PanelWidth; `kept` is read for Keep::scaled.
template <Keep keep, Triangle triangle = Triangle::none, class Left, Real T, class StrideB, class StrideC>
void panel_product(Index rows, Index depth, Left a, const T* b, StrideB ldb, T* c, StrideC ldc, Scaled<T> kept = {}) {
  detail::packets_product<2, keep, triangle>(rows, depth, a, b, ldb, c, ldc, kept);
}

/// C [rows, columns] = keep(C) + A B, panel by panel; `columns` is a multiple of a packet's width.
template <Keep keep, class Left, Real T>
void small_product(Index rows, Index columns, Index depth, Left a, const T* b, Index ldb, T* c, Index ldc) {
  Index column = 0;
  for (; column + Lanes<T>::panel <= columns; column += Lanes<T>::panel)
    panel_product<keep>(rows, depth, a, b + column, ldb, c + column, ldc);
  if (column < columns)
    detail::packets_product<1, keep, Triangle::none>(rows, depth, a, b + column, ldb, c + column, ldc, Scaled<T>{});
}

}  // namespace deltanet
