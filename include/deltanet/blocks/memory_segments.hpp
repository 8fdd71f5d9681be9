#pragma once

#include "deltanet/blocks/token_ranges.hpp"

/// How sequences are cut into segments of fixed size, which may have begun before the batch and may end after it.
namespace deltanet::detail {

/// Tokens of one segment of each sequence, or of none where a sequence has no more.
struct MemorySegment {
  PoolVector<Sequence> ranges;       // [N]: among all tokens of the batch
  Sequences sequences;               // the same, packed
  detail::PoolVector<Index> begins;  // sequences whose segment begins with these tokens
  detail::PoolVector<Index> ends;    // sequences whose segment is complete with them
};

/// The segments of sequences of which each has read `positions` tokens of one, in order.
[[nodiscard]] inline detail::PoolVector<MemorySegment> memory_segments(PoolVector<Sequence> cut,
                                                                       detail::PoolVector<Index> positions,
                                                                       Index segment_size) {
  detail::PoolVector<MemorySegment> segments;
  while (std::any_of(cut.begin(), cut.end(), [](const Sequence& rest) { return rest.tokens() > 0; })) {
    MemorySegment& segment = segments.emplace_back();
    for (std::size_t n = 0; n < cut.size(); ++n) {
      const Index tokens = std::min(segment_size - positions[n], cut[n].tokens());
      segment.ranges.push_back({cut[n].begin, cut[n].begin + tokens});
      if (tokens > 0 && positions[n] == 0) segment.begins.push_back(static_cast<Index>(n));
      if (positions[n] + tokens == segment_size) segment.ends.push_back(static_cast<Index>(n));
      positions[n] = (positions[n] + tokens) % segment_size;
      cut[n].begin += tokens;
    }
    segment.sequences = packed(segment.ranges);
  }
  return segments;
}

/// to[n] = from[n], of tensors [N, ..].
template <Real T, int Axes>
void copy_sequence(const Tensor<T, Axes>& from, Index n, Tensor<T, Axes>& to) {
  const Index size = from.size() / from.dimension(0);
  std::copy_n(from.data() + n * size, size, to.data() + n * size);
}

/// The gradient of `copy_sequence`: dfrom[n] += dto[n], and dto[n], which was overwritten, becomes zero.
template <Real T, int Axes>
void move_gradient(Tensor<T, Axes>& dto, Index n, Tensor<T, Axes>& dfrom) {
  const Index size = dto.size() / dto.dimension(0);
  VectorMap<T> moved(dto.data() + n * size, size);
  VectorMap<T>(dfrom.data() + n * size, size) += moved;
  moved.setZero();
}

}  // namespace deltanet::detail
