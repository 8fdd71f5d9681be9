#pragma once

#include "deltanet/recurrence/chunked.hpp"
#include "deltanet/recurrence/panel_backward.hpp"
#include "deltanet/recurrence/partial_gradients.hpp"

namespace deltanet {

namespace detail {

/// A piece on its way back through a chunked scan.
template <InputBundle In>
class BackwardPiece : ScanPiece<In> {
  using Base = ScanPiece<In>;
  using typename Base::HeadInputs, typename Base::Member, typename Base::T, typename Base::Upcoming;
  using HeadGradients = typename Member::template HeadGradients<T>;
  using Base::W, Base::problem_, Base::sequence_, Base::blocks_, Base::chunks_, Base::builders_;

 public:
  BackwardPiece(const Problem<In>& problem, const HeadGroups::Piece& piece, const Slices& slices, const ScanCache<T>& cache,
                const Cotangents<T>& cotangents, ScanGradients<In>& gradients, PartialGradients<In>& partial)
      : Base(problem, piece, slices),
        cache_(cache),
        cotangents_(cotangents),
        dchunks_(builders_.size(), {problem.options.chunk_size, problem.extents.rows}),
        dchunk_(problem.options.chunk_size, problem.extents.rows),
        E_(this->value_block(blocks_.tokens_at_most())),
        b_(E_),
        dEO_(this->value_block(2 * blocks_.tokens_at_most())),
        states_(builders_.size(), Vector<T>::Zero(this->panel_size())),
        U_(blocks_.tokens_at_most() * W),
        scratch_(problem.options.chunk_size) {
    const auto& x = problem.extents;
    for (Index hv = piece.first_head; hv < piece.end_head; ++hv) {
      const Index row = piece.sequence * x.HV + hv;
      const MatrixMap<T> dS(gradients.initial_state.data() + row * x.rows * x.V, x.rows, x.V);
      heads_.push_back({hv,
                        problem.template head<HeadInputs>(problem.in, sequence_, hv),
                        partial.template head<HeadGradients>(problem, gradients.inputs, sequence_, hv, piece.slice),
                        dS,
                        {this->first_panel_, this->end_panel_, dS},
                        cache.states[static_cast<std::size_t>(row)].data()});
    }
  }

  void run() {
    for (Index block = blocks_.count(); block-- > 0;) {
      blocks_.list_chunks(block, chunks_);
      for (std::size_t i = 0; i < heads_.size(); ++i) {
        load(heads_[i]);
        retreat(block, i);
        store(heads_[i]);
      }
    }
    for (auto& head : heads_) head.panels.store(head.dS);
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

  /// The block's chunks, strengths, errors and cotangents.
  void load(const Head& head) {
    for (const auto& chunk : chunks_) {
      this->load_chunk(head.in, chunk, E_, chunk.offset, b_);
      dchunks_[chunk.slot].clear();
      for (Index i = 0; i < chunk.tokens; ++i) {
        const Index row = problem_.value_row(sequence_, chunk.begin + i, head.hv);
        E_.load(chunk.offset + i, cache_.errors.data() + row);  // what became of the targets
        dEO_.load(2 * chunk.offset + chunk.tokens + i, cotangents_.o.data + row);
      }
    }
  }

  /// The block's products, a panel at a time. What comes next is fetched meanwhile, a few tokens after each chunk.
  void retreat(Index block, std::size_t i) {
    Head& head = heads_[i];
    Upcoming upcoming(*this, i, heads_.size(), block, block - 1);
    const Head& next = heads_[upcoming.head];
    for (Index p = this->first_panel_; p < this->end_panel_; ++p) {
      const T* const kept = head.kept + this->kept(block, p);
      replay(p, kept);
      for (auto chunk = chunks_.rbegin(); chunk != chunks_.rend(); ++chunk) {
        detail::retreat(builders_[chunk->slot].chunk(), E_.rows(p, chunk->offset), U_.data() + chunk->offset * W,
                        b_.rows(p, chunk->offset), dEO_.rows(p, 2 * chunk->offset), before(chunk->slot, kept),
                        head.panels.panel(p), scratch_, dchunks_[chunk->slot]);
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
  void replay(Index p, const T* kept) {
    for (const auto& chunk : chunks_) {
      T* const U = U_.data() + chunk.offset * W;
      for (Index i = 0; i < chunk.tokens; ++i)
        multiply_row(b_.rows(p, chunk.offset + i), E_.rows(p, chunk.offset + i), U + i * W);
      if (const std::size_t next = chunk.slot + 1; next < chunks_.size())
        write_chunk(builders_[chunk.slot].chunk(), U, before(chunk.slot, kept), states_[next].data());
    }
  }

  /// The block's gradients, to the tokens' own.
  void store(const Head& head) {
    for (const auto& chunk : chunks_) {
      const Chunk<T>& built = builders_[chunk.slot].chunk();
      dchunks_[chunk.slot].store(built.predictions + built.tokens, built.tokens, dchunk_);
      for (Index i = 0; i < chunk.tokens; ++i)
        problem_.clear_gradients(head.d, chunk.begin + i, this->first_panel_ * W,
                                 std::min(this->end_panel_ * W, problem_.extents.V));
      builders_[chunk.slot].backward(head.in, dchunk_, head.d);
      for (Index i = 0; i < chunk.tokens; ++i)
        dEO_.for_each_part(2 * chunk.offset + i, [&](Index p, Index column, auto columns, const T* dx) {
          Member::template add_value_gradients<T>(head.in, dx, b_.rows(p, chunk.offset + i), chunk.begin + i, column, columns,
                                                  head.d);
        });
    }
  }

  const ScanCache<T>& cache_;
  const Cotangents<T>& cotangents_;
  std::vector<ChunkGradient<T>> dchunks_;
  Chunk<T> dchunk_;                // one of them, as the builders want it
  ValueBlock<T> E_, b_;            // b becomes its gradient
  ValueBlock<T> dEO_;              // by chunk: dE, then dO
  std::vector<Vector<T>> states_;  // S before each chunk of the block but the first
  Vector<T> U_;
  RetreatScratch<T> scratch_;
  std::vector<Head> heads_;
};

}  // namespace detail

/// The exact gradients of `chunked`, from the last chunk to the first (recurrence/README.md, equations 10 to 15). `cache` must
/// come from the same inputs and options. Within a block the states are recomputed from the errors kept: 14 K V flops a token
/// and value head, and K V / 64 numbers of memory. Throws std::invalid_argument as `chunked` does, and for a cache of other
/// sizes.
template <InputBundle In>
[[nodiscard]] ScanGradients<In> chunked_backward(const In& in, const ScanCache<typename In::Scalar>& cache,
                                                 const Cotangents<typename In::Scalar>& cotangents,
                                                 const ScanOptions<typename In::Scalar>& options = {}) {
  using T = typename In::Scalar;
  const detail::Problem<In> problem(in, options);
  problem.expect_cotangents(cotangents);
  const auto& x = problem.extents;
  expect_shape("cache.errors", View<const T, 4>(cache.errors), {{"B", x.B}, {"T", x.T}, {"HV", x.HV}, {"V", x.V}});
  expect(cache.chunk_size == options.chunk_size, "cache.chunk_size: expected ", options.chunk_size, ", got ", cache.chunk_size);
  expect(static_cast<Index>(cache.states.size()) == x.N * x.HV, "cache.states: expected N * HV = ", x.N * x.HV, ", got ",
         cache.states.size());

  const detail::Slices slices(x.N * x.HV, x.V, Lanes<T>::panel);
  ScanGradients<In> gradients = detail::empty_gradients(problem);
  detail::PartialGradients<In> partial(problem, slices.count);
  if (!cotangents.final_state.absent())
    std::copy_n(cotangents.final_state.data, gradients.initial_state.size(), gradients.initial_state.data());

  const detail::HeadGroups groups(x.N, x.HV, slices.count, num_threads());
  parallel_for(groups.pieces(), [&](Index i) {
    detail::BackwardPiece<In>(problem, groups[i], slices, cache, cotangents, gradients, partial).run();
  });
  partial.sum_to(problem, gradients.inputs);
  problem.normalize_backward(gradients.inputs);
  return gradients;
}

}  // namespace deltanet
