#pragma once

#include <array>
#include <span>

#include "deltanet/recurrence/panel_backward.hpp"
#include "deltanet/recurrence/partial_gradients.hpp"
#include "deltanet/recurrence/scan_piece.hpp"

namespace deltanet::detail {

/// A piece on its way back through a chunked scan: all slices of the states of a few heads, or some slices of one.
///
/// A chunk's gradient is the sum of what its state's slices add, in their order, whoever has which. A piece with all slices
/// goes back through a chunk's building as soon as it has come to the chunk. Pieces that share a state leave what they find on
/// a stretch of blocks, and when all have been there, each goes back through a part of the stretch's chunks. Until all have
/// done so, none may go on to the next stretch.
template <InputBundle In>
class BackwardPiece : ScanPiece<In> {
  using Base = ScanPiece<In>;
  using typename Base::HeadInputs, typename Base::Member, typename Base::T, typename Base::Upcoming;
  using HeadGradients = typename Member::template HeadGradients<T>;
  using Base::W, Base::problem_, Base::sequence_, Base::blocks_, Base::chunks_, Base::builders_;

 public:
  /// `shares` are the same panels as `slices`, merged: piece.slice is one of them.
  BackwardPiece(const Problem<In>& problem, const HeadGroups::Piece& piece, const Slices& slices, const Slices& shares,
                const ScanCache<T>& cache, const Cotangents<T>& cotangents, const ScanGradientViews<In>& gradients,
                PartialGradients<In>& partial)
      : Base(problem, piece, shares),
        slices_(slices),
        share_(piece.slice),
        shares_(shares.count),
        first_slice_(share_ * slices.count / shares_),
        end_slice_((share_ + 1) * slices.count / shares_),
        stretch_(shares_ > 1 ? std::clamp<Index>(blocks_.count(), 1, 8) : 1),
        cache_(cache),
        cotangents_(cotangents),
        dchunk_(problem.options.chunk_size, problem.extents.rows),
        E_(this->value_block(blocks_.tokens_at_most())),
        b_(this->value_block(stretch_ * blocks_.tokens_at_most())),
        dEO_(this->value_block(2 * stretch_ * blocks_.tokens_at_most())),
        by_slice_(static_cast<std::size_t>(stretch_ * blocks_.chunks_at_most() * (end_slice_ - first_slice_)),
                  {problem.options.chunk_size, problem.extents.rows}),
        states_(builders_.size(), Vector<T>::Zero(this->panel_size())),
        U_(blocks_.tokens_at_most() * W),
        scratch_(problem.options.chunk_size) {
    const auto& x = problem.extents;
    for (Index hv = piece.first_head; hv < piece.end_head; ++hv) {
      const Index row = piece.sequence * x.HV + hv;
      const MatrixMap<T> dS(gradients.initial_state.data + row * x.rows * x.V, x.rows, x.V);
      heads_.push_back({hv,
                        problem.template head<HeadInputs>(problem.in, sequence_, hv),
                        partial.template head<HeadGradients>(problem, gradients.inputs, sequence_, hv),
                        dS,
                        {this->first_panel_, this->end_panel_, dS},
                        cache.states[static_cast<std::size_t>(row)].data()});
    }
    eigen_assert(shares_ == 1 || heads_.size() == 1);
  }
  BackwardPiece(const BackwardPiece&) = delete;
  BackwardPiece& operator=(const BackwardPiece&) = delete;

  /// All of it, for a piece that has all slices.
  void run() {
    const std::array<BackwardPiece*, 1> alone{this};
    for (Index block = blocks_.count(); block-- > 0;) {
      blocks_.list_chunks(block, chunks_);
      for (std::size_t i = 0; i < heads_.size(); ++i) {
        load(block, heads_[i]);
        retreat_block(block, i);
        store(block, heads_[i], alone);
      }
    }
    finish();
  }

  /// For pieces that share a state: how many stretches there are, to go through from the last to the first.
  [[nodiscard]] Index stretches() const { return (blocks_.count() + stretch_ - 1) / stretch_; }

  /// Back through a stretch's products; beyond the last stretch there is nothing to do.
  void retreat(Index stretch) {
    const auto [first, end] = blocks_of(stretch);
    for (Index block = end; block-- > first;) {
      blocks_.list_chunks(block, chunks_);
      load(block, heads_.front());
      retreat_block(block, 0);
    }
    if (stretch == 0) finish();
  }

  /// Back through the building of this piece's part of a stretch's chunks. `sharing` are all that share the state, in order.
  void gather(Index stretch, std::span<BackwardPiece* const> sharing) {
    const auto [first, end] = blocks_of(stretch);
    for (Index block = first + share_; block < end; block += shares_) {
      blocks_.list_chunks(block, chunks_);
      for (const auto& chunk : chunks_) this->build_chunk(heads_.front().in, chunk);
      store(block, heads_.front(), sharing);
    }
  }

 private:
  struct Head {
    Index hv;
    HeadInputs in;
    HeadGradients d;
    MatrixMap<T> dS;       // of the caller's state
    PanelState<T> panels;  // the slice of it that is carried back
    const T* kept;         // states before each block
  };

  [[nodiscard]] std::pair<Index, Index> blocks_of(Index stretch) const {
    return {std::min(stretch * stretch_, blocks_.count()), std::min((stretch + 1) * stretch_, blocks_.count())};
  }
  /// A chunk's first token among those of its stretch.
  [[nodiscard]] Index offset(Index block, const Blocks::ChunkRange& chunk) const {
    return block % stretch_ * blocks_.tokens_at_most() + chunk.offset;
  }
  /// What each slice adds to a chunk's gradient.
  [[nodiscard]] std::span<ChunkGradient<T>> by_slice(Index block, const Blocks::ChunkRange& chunk) {
    const auto slices = static_cast<std::size_t>(end_slice_ - first_slice_);
    const std::size_t of_stretch = static_cast<std::size_t>(block % stretch_ * blocks_.chunks_at_most()) + chunk.slot;
    return {by_slice_.data() + of_stretch * slices, slices};
  }

  /// The block's chunks, strengths, errors and cotangents.
  void load(Index block, const Head& head) {
    for (const auto& chunk : chunks_) {
      const Index first = offset(block, chunk);
      this->load_chunk(head.in, chunk, E_, chunk.offset, b_, first);
      for (auto& gradient : by_slice(block, chunk)) gradient.clear();
      for (Index i = 0; i < chunk.tokens; ++i) {
        const Index row = problem_.value_row(sequence_, chunk.begin + i, head.hv);
        E_.load(chunk.offset + i, cache_.errors.data() + row);  // what became of the targets
        dEO_.load(2 * first + chunk.tokens + i, cotangents_.o.data + row);
      }
      for (Index p = this->first_panel_; p < this->end_panel_; ++p)
        problem_.expect_finite_cotangents(dEO_.rows(p, 2 * first + chunk.tokens), chunk.tokens * W, cotangents_);
    }
  }

  /// The block's products, a panel at a time. What comes next is fetched meanwhile, a few tokens after each chunk.
  void retreat_block(Index block, std::size_t i) {
    Head& head = heads_[i];
    Upcoming upcoming(*this, i, heads_.size(), block, block - 1);
    const Head& next = heads_[upcoming.head];
    for (Index slice = first_slice_; slice < end_slice_; ++slice)
      for (auto [p, end] = slices_.range(slice); p < end; ++p) {
        const T* const kept = head.kept + this->kept(block, p);
        replay(block, p, kept);
        for (auto chunk = chunks_.rbegin(); chunk != chunks_.rend(); ++chunk) {
          const Index first = offset(block, *chunk);
          detail::retreat(builders_[chunk->slot].chunk(), E_.rows(p, chunk->offset), U_.data() + chunk->offset * W,
                          b_.rows(p, first), dEO_.rows(p, 2 * first), before(chunk->slot, kept), head.panels.panel(p), scratch_,
                          by_slice(block, *chunk)[static_cast<std::size_t>(slice - first_slice_)]);
          upcoming.fetch([&](Index token) {
            const Index row = problem_.value_row(sequence_, token, next.hv);
            problem_.prefetch(next.in, token);
            prefetch_row(cache_.errors.data() + row, problem_.extents.V);
            prefetch_row(cotangents_.o.data + row, problem_.extents.V);
          });
        }
      }
  }

  /// The state before a chunk: the one kept for the first of a block, else what `replay` has found.
  [[nodiscard]] const T* before(std::size_t slot, const T* kept) const { return slot == 0 ? kept : states_[slot].data(); }

  /// The states before each chunk of the block again, from the one kept, by the writes alone: U = b (.) E.
  void replay(Index block, Index p, const T* kept) {
    for (const auto& chunk : chunks_) {
      T* const U = U_.data() + chunk.offset * W;
      for (Index i = 0; i < chunk.tokens; ++i)
        multiply_row(b_.rows(p, offset(block, chunk) + i), E_.rows(p, chunk.offset + i), U + i * W);
      if (const std::size_t next = chunk.slot + 1; next < chunks_.size())
        write_chunk(builders_[chunk.slot].chunk(), U, before(chunk.slot, kept), states_[next].data());
    }
  }

  /// The block's gradients, to the tokens' own: of keys and gates the sums over all slices, added up in the first one's place,
  /// which nobody else touches meanwhile, since each block is one piece's.
  void store(Index block, const Head& head, std::span<BackwardPiece* const> sharing) {
    for (const auto& chunk : chunks_) {
      const Chunk<T>& built = builders_[chunk.slot].chunk();
      const Index rows = built.predictions + built.tokens;
      ChunkGradient<T>& sum = sharing.front()->by_slice(block, chunk).front();
      for (BackwardPiece* const piece : sharing)
        for (ChunkGradient<T>& gradient : piece->by_slice(block, chunk))
          if (&gradient != &sum) sum.add(rows, built.tokens, gradient);
      sum.store(rows, built.tokens, dchunk_);
      for (Index i = 0; i < chunk.tokens; ++i) problem_.clear_gradients(head.d, chunk.begin + i);
      builders_[chunk.slot].backward(head.in, dchunk_, head.d);
      for (BackwardPiece* const piece : sharing) piece->add_value_gradients(block, chunk, head);
    }
  }

  /// Adds the gradients of a chunk's values and strengths in this piece's columns.
  void add_value_gradients(Index block, const Blocks::ChunkRange& chunk, const Head& head) {
    const Index first = offset(block, chunk);
    for (Index i = 0; i < chunk.tokens; ++i)
      dEO_.for_each_part(2 * first + i, [&](Index p, Index column, auto columns, const T* dx) {
        Member::template add_value_gradients<T>(head.in, dx, b_.rows(p, first + i), chunk.begin + i, column, columns, head.d);
      });
  }

  /// The gradients of the states before the first token.
  void finish() {
    for (auto& head : heads_) head.panels.store(head.dS);
  }

  const Slices& slices_;
  Index share_, shares_;  // this one of those that share a state, and how many they are
  Index first_slice_, end_slice_;
  Index stretch_;  // its blocks: one where nobody shares, else so many that threads seldom wait for each other
  const ScanCache<T>& cache_;
  const Cotangents<T>& cotangents_;
  Chunk<T> dchunk_;                        // the gradient of one chunk, as the builders want it
  ValueBlock<T> E_;                        // of a block
  ValueBlock<T> b_;                        // of a stretch; becomes its gradient
  ValueBlock<T> dEO_;                      // of a stretch, by chunk: dE, then dO
  PoolVector<ChunkGradient<T>> by_slice_;  // [chunks of a stretch, slices]
  PoolVector<Vector<T>> states_;           // S before each chunk of a block but the first
  Vector<T> U_;
  RetreatScratch<T> scratch_;
  PoolVector<Head> heads_;  // one where states are shared
};

}  // namespace deltanet::detail
