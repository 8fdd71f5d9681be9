#pragma once

#include "deltanet/core/packet.hpp"

namespace deltanet {

// g++ remarks that a template argument's alignment is no part of its type; Eigen's own headers switch that off likewise.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wignored-attributes"

/// to [columns, rows] = from [rows, columns] transposed, in square blocks of packets. Rows are `from_stride` and `to_stride`
/// entries apart.
template <Real T>
void transpose(Index rows, Index columns, const T* from, Index from_stride, T* to, Index to_stride) {
  using L = Lanes<T>;
  const Index whole_rows = rows - rows % L::size, whole_columns = columns - columns % L::size;
  for (Index i = 0; i < whole_rows; i += L::size) {
    for (Index j = 0; j < whole_columns; j += L::size) {
      Eigen::internal::PacketBlock<typename L::Packet, static_cast<int>(L::size)> block;
      for (Index r = 0; r < L::size; ++r) block.packet[r] = L::load(from + (i + r) * from_stride + j);
      Eigen::internal::ptranspose(block);
      for (Index r = 0; r < L::size; ++r) L::store(to + (j + r) * to_stride + i, block.packet[r]);
    }
    for (Index j = whole_columns; j < columns; ++j)
      for (Index r = i; r < i + L::size; ++r) to[j * to_stride + r] = from[r * from_stride + j];
  }
  for (Index i = whole_rows; i < rows; ++i)
    for (Index j = 0; j < columns; ++j) to[j * to_stride + i] = from[i * from_stride + j];
}

#pragma GCC diagnostic pop

}  // namespace deltanet
