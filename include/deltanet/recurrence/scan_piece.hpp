#pragma once

#include "deltanet/recurrence/problem.hpp"
#include "deltanet/recurrence/value_block.hpp"

namespace deltanet::detail {

/// What a piece of a chunked scan is, forward or backward: a slice of value columns of a few neighbouring heads of one
/// sequence, with the chunks of the block of tokens at hand.
template <InputBundle In>
class ScanPiece {
 protected:
  using T = typename In::Scalar;
  using Member = typename In::Member;
  using HeadInputs = typename Member::template HeadInputs<T>;
  static constexpr PanelWidth<T> W{};

  ScanPiece(const Problem<In>& problem, const HeadGroups::Piece& piece, const Slices& slices)
      : problem_(problem),
        sequence_(problem.sequences[static_cast<std::size_t>(piece.sequence)]),
        first_panel_(slices.range(piece.slice).first),
        end_panel_(slices.range(piece.slice).second),
        blocks_(sequence_.tokens(), problem.options.chunk_size),
        builders_(static_cast<std::size_t>(blocks_.chunks_at_most()), {problem.options.chunk_size, problem.extents.K}),
        panels_(slices.panels) {}

  [[nodiscard]] ValueBlock<T> value_block(Index tokens) const { return {tokens, first_panel_, end_panel_, problem_.extents.V}; }

  /// The entries of a panel [rows, W] of a state.
  [[nodiscard]] Index panel_size() const { return problem_.extents.rows * W; }
  /// Where the state panel kept before a block begins among all that are kept of a head.
  [[nodiscard]] Index kept(Index block, Index p) const { return (block * panels_ + p) * panel_size(); }

  void build_chunk(const HeadInputs& head, const Blocks::ChunkRange& chunk) {
    builders_[chunk.slot].build(head, chunk.begin, chunk.tokens, problem_.scale);
  }

  /// Builds a chunk of a head, and loads its targets into the rows of X from x_first on, its strengths into those of b from
  /// b_first on.
  void load_chunk(const HeadInputs& head, const Blocks::ChunkRange& chunk, ValueBlock<T>& X, Index x_first, ValueBlock<T>& b,
                  Index b_first) {
    build_chunk(head, chunk);
    for (Index i = 0; i < chunk.tokens; ++i)
      X.for_each_part(x_first + i, [&](Index p, Index column, auto columns, T* x) {
        Member::template load_values<T>(head, chunk.begin + i, column, columns, x, b.rows(p, b_first + i));
      });
  }

  /// What is to be fetched while a head's products of a block run: the same tokens of the next head; for the last head, those
  /// of `next_block` of the first. Each call of `fetch` calls f(token) for a few of them.
  class Upcoming {
   public:
    const std::size_t head;

    Upcoming(const ScanPiece& piece, std::size_t i, std::size_t heads, Index block, Index next_block)
        : head((i + 1) % heads),
          tokens_(piece.blocks_.range(i + 1 < heads ? block : next_block)),
          each_(piece.blocks_.fetched_ahead(piece.end_panel_ - piece.first_panel_)) {}

    template <class F>
    void fetch(const F& f) {
      for (Index i = 0; i < each_ && tokens_.first < tokens_.second; ++i) f(tokens_.first++);
    }

   private:
    std::pair<Index, Index> tokens_;
    Index each_;
  };

  const Problem<In>& problem_;
  const Sequence& sequence_;
  Index first_panel_, end_panel_;
  Blocks blocks_;
  PoolVector<Blocks::ChunkRange> chunks_;  // of the block at hand
  PoolVector<typename Member::template Builder<T>> builders_;

 private:
  Index panels_;  // of a whole state
};

}  // namespace deltanet::detail
