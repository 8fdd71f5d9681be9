#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "deltanet/core/packet.hpp"

/// How a chunked scan cuts its work: tokens into chunks and blocks, value columns into panels and slices, and heads into
/// groups. Chunks and blocks follow from the sizes alone; groups and forward's slices also from the number of threads, which no
/// result depends on, since heads and value columns never meet. Backward adds up over slices, so there they follow from the
/// sizes, and from the number of threads only who has which.
namespace deltanet::detail {

/// Tokens of a block: its chunks are built once, stay in the second-level cache, and serve one panel of the state after
/// another. It is also the distance of the states kept for backward.
inline constexpr Index block_tokens = 64;

/// Chunks of up to C tokens, gathered in blocks of about block_tokens.
class Blocks {
 public:
  struct ChunkRange {
    std::size_t slot;  // of the block's chunks
    Index begin, tokens;
    Index offset;  // of `begin` from the block's first token
  };

  Blocks(Index tokens, Index C) : tokens_(tokens), C_(C), per_block_(std::max<Index>(1, block_tokens / C)) {}

  [[nodiscard]] Index chunks_at_most() const { return per_block_; }
  [[nodiscard]] Index tokens_at_most() const { return per_block_ * C_; }
  /// How many tokens to fetch ahead after each of a block's products over `panels` panels, so that a next block is there in
  /// time.
  [[nodiscard]] Index fetched_ahead(Index panels) const {
    const Index products = panels * per_block_;
    return (tokens_at_most() + products - 1) / products;
  }
  [[nodiscard]] Index count() const { return (tokens_ + per_block_ * C_ - 1) / (per_block_ * C_); }

  /// The first token of a block, and the one after its last; nothing before the first block and after the last.
  [[nodiscard]] std::pair<Index, Index> range(Index block) const {
    const auto clamp = [&](Index token) { return std::clamp<Index>(token, 0, tokens_); };
    return {clamp(block * per_block_ * C_), clamp((block + 1) * per_block_ * C_)};
  }

  /// Replaces `chunks` by those of a block.
  void list_chunks(Index block, PoolVector<ChunkRange>& chunks) const {
    chunks.clear();
    const auto [first, end] = range(block);
    for (Index begin = first; begin < end; begin += C_)
      chunks.push_back({chunks.size(), begin, std::min(C_, end - begin), begin - first});
  }

 private:
  Index tokens_, C_, per_block_;
};

/// Value columns in panels, and panels in slices that may work in parallel. With few states a state is sliced, so that a batch
/// of one with few heads keeps all cores busy. `enough` is the number of pieces to aim at.
struct Slices {
  static constexpr Index enough_pieces = 16, least_columns = 32;

  Index panels, count;

  Slices(Index states, Index V, Index panel, Index enough = enough_pieces)
      : panels((V + panel - 1) / panel),
        count(std::clamp<Index>(enough / std::max<Index>(states, 1), 1, std::max<Index>(1, V / least_columns))) {
    count = std::min(count, panels);
  }

  /// First panel of a slice, and the one after its last.
  [[nodiscard]] std::pair<Index, Index> range(Index slice) const {
    return {slice * panels / count, (slice + 1) * panels / count};
  }

  /// The same panels in at most `at_most` slices, at least one, that are each as many of these.
  [[nodiscard]] Slices merged(Index at_most) const {
    Slices fewer = *this;
    fewer.count = std::clamp<Index>(at_most, 1, count);
    while (count % fewer.count != 0) --fewer.count;
    return fewer;
  }
};

/// The pieces of a scan that run in parallel: a slice of value columns of a few neighbouring heads of one sequence.
///
/// Heads that run through a block of tokens one after another read and write rows that lie side by side, on the same pages of
/// memory: alone, each head would look up a page for every row. At most `together` are a group, fewer where threads would
/// be idle. No result depends on how heads are grouped.
class HeadGroups {
 public:
  struct Piece {
    Index sequence, first_head, end_head, slice;
  };

  HeadGroups(Index N, Index HV, Index slices, Index threads, Index together = 4) : N_(N), HV_(HV), slices_(slices) {
    while (together > 1 && N * slices * (HV / together) < 2 * threads) together /= 2;
    groups_ = std::max<Index>(1, HV / together);
  }

  [[nodiscard]] Index pieces() const { return N_ * groups_ * slices_; }
  [[nodiscard]] Piece operator[](Index piece) const {
    const Index group = piece / slices_ % groups_;
    return {piece / slices_ / groups_, group * HV_ / groups_, (group + 1) * HV_ / groups_, piece % slices_};
  }

 private:
  Index N_, HV_, slices_, groups_;
};

/// A slice of a state [K, V] as panels [K, panel], each contiguous; columns beyond V are zero.
template <Real T>
class PanelState {
 public:
  PanelState(Index first, Index end, const MatrixMap<T>& S)
      : first_(first), end_(end), K_(S.rows()), entries_(Vector<T>::Zero((end - first) * K_ * W)) {
    for (Index p = first_; p < end_; ++p) map(p).leftCols(columns(p, S)) = S.middleCols(p * W, columns(p, S));
  }

  T* panel(Index p) { return entries_.data() + (p - first_) * K_ * W; }

  void store(MatrixMap<T> S) {
    for (Index p = first_; p < end_; ++p) S.middleCols(p * W, columns(p, S)) = map(p).leftCols(columns(p, S));
  }

 private:
  static constexpr Index W = Lanes<T>::panel;

  MatrixMap<T> map(Index p) { return MatrixMap<T>(panel(p), K_, W); }
  static Index columns(Index p, const MatrixMap<T>& S) { return std::min(W, S.cols() - p * W); }

  Index first_, end_, K_;
  Vector<T> entries_;
};

}  // namespace deltanet::detail
