#pragma once

#include <algorithm>

#include "deltanet/core/threads.hpp"

/// Parallel passes over rows or entries, in pieces that do not depend on the number of threads.
namespace deltanet::detail {

/// Rows cut into fixed pieces of about 16384 entries, so that a pass over several such matrices stays in the second-level cache
/// and sums over rows do not depend on the number of threads.
struct RowPieces {
  Index rows, piece_rows;

  RowPieces(Index rows_, Index width) : rows(rows_), piece_rows(std::max<Index>(1, 16384 / std::max<Index>(width, 1))) {}

  [[nodiscard]] Index count() const { return (rows + piece_rows - 1) / piece_rows; }

  /// Calls f(piece, first row, number of rows) for every piece.
  template <class F>
  void for_each(const F& f) const {
    parallel_for(count(), [&](Index piece) {
      const Index first = piece * piece_rows;
      f(piece, first, std::min(piece_rows, rows - first));
    });
  }
};

/// Calls f(begin, size) in parallel for fixed pieces of `size` entries in one row: how elementwise passes run.
template <class F>
void for_each_range(Index size, const F& f) {
  RowPieces(size, 1).for_each([&](Index, Index begin, Index count) { f(begin, count); });
}

/// Copies `size` entries, in parallel where they are many.
template <class T>
void copy_entries(const T* from, Index size, T* to) {
  for_each_range(size, [&](Index begin, Index count) { std::copy_n(from + begin, count, to + begin); });
}

}  // namespace deltanet::detail
