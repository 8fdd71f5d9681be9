#pragma once

#include <array>
#include <span>

#include "deltanet/recurrence/panel_backward.hpp"
#include "deltanet/recurrence/partial_gradients.hpp"
#include "deltanet/recurrence/scan_piece.hpp"

namespace deltanet::detail {

/// A piece on its way back through a chunked scan: some slices of the states of a few heads, or all of them.
///
/// A chunk's gradient is the sum of what its state's slices add, in their order, whoever has which. A piece with all slices
/// goes back through a chunk's building as soon as it has come to the chunk. Pieces that share a state leave what they find on
/// a stretch of blocks, and when all have been there, each goes back through a part of the stretch's chunks.
template <InputBundle In>
class BackwardPiece : ScanPiece<In> {
  using Base = ScanPiece<In>;
  using typename Base::HeadInputs, typename Base::Member, typename Base::T, typename Base::Upcoming;
  using HeadGradients = typename Member::template HeadGradients<T>;
  using Base::W, Base::problem_, Base::sequence_, Base::blocks_, Base::chunks_, Base::builders_;

 public:
  BackwardPiece(const Problem<In>& problem, const HeadGroups::Piece& piece, const Slices& slices, const Slices& shares,
                const ScanCache<T>& cache, const Cotangents<T>& cotangents, ScanGradients<In>& gradients,
                PartialGradients<In>& partial)
      : Base(problem, piece, shares),
        slices_(slices),
        share_(piece.slice),
        shares_(shares.count),
        first_slice_(share_ * slices.count / shares_),
        end_slice_((share_ + 1) * slices.count / shares_),
        cache_(cache),
        cotangents_(cotangents),
        dchunk_(problem.options.chunk_size, problem.extents.rows),
        E_(this->value_block(blocks_.tokens_at_most())),
        states_(builders_.size(), Vector<T>::Zero(this->panel_size())),
        U_(blocks_.tokens_at_most() * W),
        scratch_(problem.options.chunk_size) {
    const auto& x = problem.extents;
    for (Index hv = piece.first_head; hv < piece.end_head; ++hv) {
      const Index row = piece.sequence * x.HV + hv;
      const MatrixMap<T> dS(gradients.initial_state.data() + row * x.rows * x.V, x.rows, x.V);
      heads_.push_back({hv,
                        problem.template head<HeadInputs>(problem.in, sequence_, hv),
                        partial.template head<HeadGradients>(problem, gradients.inputs, sequence_, hv),
                        dS,
                        {this->first_panel_, this->end_panel_, dS},
                        cache.states[static_cast<std::size_t>(row)].data()});
    }
    const Index blocks = stretch(), tokens = blocks * blocks_.tokens_at_most();
    const auto gradients_kept = static_cast<std::size_t>(blocks * blocks_.chunks_at_most() * (end_slice_ - first_slice_));
    const Finds empty{
        {gradients_kept, {problem.options.chunk_size, x.rows}}, this->value_block(tokens), this->value_block(2 * tokens)};
    finds_.assign(shares_ > 1 ? heads_.size() : 1, empty);
  }
  BackwardPiece(const BackwardPiece&) = delete;
  BackwardPiece& operator=(const BackwardPiece&) = delete;

  /// All of it, for a piece that has all slices.
  void run() {
    const std::array<BackwardPiece*, 1> alone{this};
    for (Index block = blocks_.count(); block-- > 0;) {
      blocks_.list_chunks(block, chunks_);
      for (std::size_t i = 0; i < heads_.size(); ++i) {
        load(block, i);
        retreat(block, i);
        store(block, i, alone);
      }
    }
    finish();
  }

  /// For pieces that share states: how many stretches there are, to go through from the last to the first.
  [[nodiscard]] Index stretches() const { return (blocks_.count() + stretch() - 1) / stretch(); }

  /// Back through a stretch's products; beyond the last stretch there is nothing to do.
  void retreat(Index stretch) {
    const auto [first, end] = blocks_of(stretch);
    for (Index block = end; block-- > first;) {
      blocks_.list_chunks(block, chunks_);
      for (std::size_t i = 0; i < heads_.size(); ++i) {
        load(block, i);
        retreat(block, i);
      }
    }
    if (stretch == 0) finish();
  }

  /// Back through the building of this piece's part of a stretch's chunks. `sharing` are all that share its states, in order.
  void gather(Index stretch, std::span<BackwardPiece* const> sharing) {
    const auto [first, end] = blocks_of(stretch);
    for (Index block = first + share_; block < end; block += shares_) {
      blocks_.list_chunks(block, chunks_);
      for (std::size_t i = 0; i < heads_.size(); ++i) {
        for (const auto& chunk : chunks_) this->build_chunk(heads_[i].in, chunk);
        store(block, i, sharing);
      }
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

  /// What is found of a head's gradients on a stretch of blocks.
  struct Finds {
    std::vector<ChunkGradient<T>> chunks;  // [chunks, slices]
    ValueBlock<T> b;                       // becomes its gradient
    ValueBlock<T> dEO;                     // by chunk: dE, then dO
  };

  /// Blocks of a stretch: one where nobody shares, else so many that threads seldom wait for each other.
  [[nodiscard]] Index stretch() const { return shares_ > 1 ? 8 : 1; }
  [[nodiscard]] std::pair<Index, Index> blocks_of(Index stretch_index) const {
    return {std::min(stretch_index * stretch(), blocks_.count()), std::min((stretch_index + 1) * stretch(), blocks_.count())};
  }
  [[nodiscard]] Finds& finds(std::size_t i) { return finds_[shares_ > 1 ? i : 0]; }
  /// The first of a block's tokens among those of its stretch.
  [[nodiscard]] Index offset(Index block) const { return block % stretch() * blocks_.tokens_at_most(); }
  /// The gradients of a chunk, one a slice.
  [[nodiscard]] std::span<ChunkGradient<T>> dchunk(Index block, std::size_t i, std::size_t slot) {
    const auto slices = static_cast<std::size_t>(end_slice_ - first_slice_);
    const std::size_t chunk = static_cast<std::size_t>(block % stretch() * blocks_.chunks_at_most()) + slot;
    return {finds(i).chunks.data() + chunk * slices, slices};
  }

  /// The block's chunks, strengths, errors and cotangents.
  void load(Index block, std::size_t i) {
    const Head& head = heads_[i];
    Finds& found = finds(i);
    for (const auto& chunk : chunks_) {
      const Index first = offset(block) + chunk.offset;
      this->load_chunk(head.in, chunk, E_, chunk.offset, found.b, first);
      for (auto& of_slice : dchunk(block, i, chunk.slot)) of_slice.clear();
      for (Index j = 0; j < chunk.tokens; ++j) {
        const Index row = problem_.value_row(sequence_, chunk.begin + j, head.hv);
        E_.load(chunk.offset + j, cache_.errors.data() + row);  // what became of the targets
        found.dEO.load(2 * first + chunk.tokens + j, cotangents_.o.data + row);
      }
    }
  }

  /// The block's products, a panel at a time. What comes next is fetched meanwhile, a few tokens after each chunk.
  void retreat(Index block, std::size_t i) {
    Head& head = heads_[i];
    Finds& found = finds(i);
    Upcoming upcoming(*this, i, heads_.size(), block, block - 1);
    const Head& next = heads_[upcoming.head];
    for (Index slice = first_slice_; slice < end_slice_; ++slice)
      for (auto [p, end] = slices_.range(slice); p < end; ++p) {
        const T* const kept = head.kept + this->kept(block, p);
        replay(block, p, kept, found);
        for (auto chunk = chunks_.rbegin(); chunk != chunks_.rend(); ++chunk) {
          const Index first = offset(block) + chunk->offset;
          detail::retreat(builders_[chunk->slot].chunk(), E_.rows(p, chunk->offset), U_.data() + chunk->offset * W,
                          found.b.rows(p, first), found.dEO.rows(p, 2 * first), before(chunk->slot, kept), head.panels.panel(p),
                          scratch_, dchunk(block, i, chunk->slot)[static_cast<std::size_t>(slice - first_slice_)]);
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
  void replay(Index block, Index p, const T* kept, Finds& found) {
    for (const auto& chunk : chunks_) {
      T* const U = U_.data() + chunk.offset * W;
      for (Index j = 0; j < chunk.tokens; ++j)
        multiply_row(found.b.rows(p, offset(block) + chunk.offset + j), E_.rows(p, chunk.offset + j), U + j * W);
      if (const std::size_t next = chunk.slot + 1; next < chunks_.size())
        write_chunk(builders_[chunk.slot].chunk(), U, before(chunk.slot, kept), states_[next].data());
    }
  }

  /// The block's gradients, summed over the slices of all that share the head, to the tokens' own.
  void store(Index block, std::size_t i, std::span<BackwardPiece* const> sharing) {
    const Head& head = heads_[i];
    for (const auto& chunk : chunks_) {
      const Chunk<T>& built = builders_[chunk.slot].chunk();
      const Index rows = built.predictions + built.tokens;
      ChunkGradient<T>& sum = sharing.front()->dchunk(block, i, chunk.slot).front();
      for (BackwardPiece* const piece : sharing)
        for (ChunkGradient<T>& of_slice : piece->dchunk(block, i, chunk.slot))
          if (&of_slice != &sum) sum.add(rows, built.tokens, of_slice);
      sum.store(rows, built.tokens, dchunk_);
      for (Index j = 0; j < chunk.tokens; ++j) problem_.clear_gradients(head.d, chunk.begin + j);
      builders_[chunk.slot].backward(head.in, dchunk_, head.d);
      for (BackwardPiece* const piece : sharing) piece->add_value_gradients(block, i, chunk, head);
    }
  }

  /// Adds the gradients of a chunk's values and strengths in this piece's columns.
  void add_value_gradients(Index block, std::size_t i, const Blocks::ChunkRange& chunk, const Head& head) {
    Finds& found = finds(i);
    const Index first = offset(block) + chunk.offset;
    for (Index j = 0; j < chunk.tokens; ++j)
      found.dEO.for_each_part(2 * first + j, [&](Index p, Index column, auto columns, const T* dx) {
        Member::template add_value_gradients<T>(head.in, dx, found.b.rows(p, first + j), chunk.begin + j, column, columns,
                                                head.d);
      });
  }

  /// The gradients of the states before the first token.
  void finish() {
    for (auto& head : heads_) head.panels.store(head.dS);
  }

  const Slices& slices_;
  Index share_, shares_;  // of those that share the states
  Index first_slice_, end_slice_;
  const ScanCache<T>& cache_;
  const Cotangents<T>& cotangents_;
  Chunk<T> dchunk_;                // the gradient of one chunk, as the builders want it
  ValueBlock<T> E_;                // of a block
  std::vector<Vector<T>> states_;  // S before each chunk of a block but the first
  Vector<T> U_;
  RetreatScratch<T> scratch_;
  std::vector<Head> heads_;
  std::vector<Finds> finds_;  // one a head where states are shared, else one for all of them
};

}  // namespace deltanet::detail
