#pragma once

#include "deltanet/recurrence/panel.hpp"
#include "deltanet/recurrence/scan_piece.hpp"

/// The chunked scan: the same numbers as the sequential one to rounding, by small dense products.
namespace deltanet {

namespace detail {

/// A piece on its way through a chunked scan.
template <InputBundle In>
class ForwardPiece : ScanPiece<In> {
  using Base = ScanPiece<In>;
  using Base::W, Base::problem_, Base::sequence_, Base::blocks_, Base::chunks_, Base::builders_;
  using typename Base::HeadInputs, typename Base::T, typename Base::Upcoming;

 public:
  ForwardPiece(const Problem<In>& problem, const HeadGroups::Piece& piece, const Slices& slices, const ScanOutputs<T>& out,
               ScanCache<T>* cache)
      : Base(problem, piece, slices),
        out_(out),
        cache_(cache),
        EO_(this->value_block(2 * blocks_.tokens_at_most())),
        b_(this->value_block(blocks_.tokens_at_most())),
        U_(problem.options.chunk_size * W) {
    const auto& x = problem.extents;
    for (Index hv = piece.first_head; hv < piece.end_head; ++hv) {
      const Index row = piece.sequence * x.HV + hv;
      const MatrixMap<T> S(out.final_state.data + row * x.rows * x.V, x.rows, x.V);
      heads_.push_back({hv,
                        problem.template head<HeadInputs>(problem.in, sequence_, hv),
                        S,
                        {this->first_panel_, this->end_panel_, S},
                        cache ? cache->states[static_cast<std::size_t>(row)].data() : nullptr});
    }
  }

  void run() {
    for (Index block = 0; block < blocks_.count(); ++block) {
      blocks_.list_chunks(block, chunks_);
      for (std::size_t i = 0; i < heads_.size(); ++i) {
        for (const auto& chunk : chunks_) this->load_chunk(heads_[i].in, chunk, EO_, 2 * chunk.offset, b_, chunk.offset);
        advance(block, i);
        store(heads_[i]);
      }
    }
    for (auto& head : heads_) head.panels.store(head.S);
  }

 private:
  struct Head {
    Index hv;
    HeadInputs in;
    MatrixMap<T> S;        // the caller's state
    PanelState<T> panels;  // the slice of it that is carried on
    T* kept;               // states before each block, for backward; null where they are not kept
  };

  /// The block's products, a panel at a time. What comes next is fetched meanwhile, a few tokens after each chunk.
  void advance(Index block, std::size_t i) {
    Head& head = heads_[i];
    Upcoming upcoming(*this, i, heads_.size(), block, block + 1);
    const Head& next = heads_[upcoming.head];
    for (Index p = this->first_panel_; p < this->end_panel_; ++p) {
      T* const carried = head.panels.panel(p);
      // A block's last chunk writes the state straight to where it is kept for the next block, whose first chunk reads it
      // there; between a block's chunks it is in `carried`.
      T* const before = head.kept ? head.kept + this->kept(block, p) : carried;
      T* const after = head.kept && block + 1 < blocks_.count() ? head.kept + this->kept(block + 1, p) : carried;
      if (head.kept && block == 0) std::copy_n(carried, this->panel_size(), before);
      for (const auto& chunk : chunks_) {
        T* const EO = EO_.rows(p, 2 * chunk.offset);
        const bool first = chunk.slot == 0, last = chunk.slot + 1 == chunks_.size();
        detail::advance(builders_[chunk.slot].chunk(), b_.rows(p, chunk.offset), EO, U_.data(), first ? before : carried,
                        last ? after : carried);
        problem_.expect_finite_outputs(EO + chunk.tokens * W, chunk.tokens * W);
        upcoming.fetch([&](Index token) {
          problem_.prefetch(next.in, token);
          prefetch_row(out_.o.data + problem_.value_row(sequence_, token, next.hv), problem_.extents.V);
        });
      }
    }
  }

  /// The block's outputs, and its errors for backward.
  void store(const Head& head) {
    for (const auto& chunk : chunks_)
      for (Index i = 0; i < chunk.tokens; ++i) {
        const Index row = problem_.value_row(sequence_, chunk.begin + i, head.hv);
        EO_.store(2 * chunk.offset + chunk.tokens + i, out_.o.data + row);
        if (cache_) EO_.store(2 * chunk.offset + i, cache_->errors.data() + row);
      }
  }

  ScanOutputs<T> out_;
  ScanCache<T>* cache_;
  ValueBlock<T> EO_;  // by chunk: X or E, then O
  ValueBlock<T> b_;
  Vector<T> U_;  // [C, panel]
  PoolVector<Head> heads_;
};

/// Carries out.final_state on over the problem's sequences, and fills their places in out.o, and *cache.
template <InputBundle In>
void run_chunks(const Problem<In>& problem, const ScanOutputs<typename In::Scalar>& out,
                ScanCache<typename In::Scalar>* cache = nullptr) {
  const auto& x = problem.extents;
  const Slices slices(x.N * x.HV, x.V, Lanes<typename In::Scalar>::panel, num_threads());
  const HeadGroups groups(x.N, x.HV, slices.count, num_threads());
  parallel_for(groups.pieces(), [&](Index i) { ForwardPiece<In>(problem, groups[i], slices, out, cache).run(); });
}

/// The chunked scan of a problem into tensors of its shapes.
template <InputBundle In>
void run_chunked(const Problem<In>& problem, const ScanOutputs<typename In::Scalar>& out,
                 ScanCache<typename In::Scalar>* cache) {
  const auto& x = problem.extents;
  if (cache) {
    const Index C = problem.options.chunk_size;
    cache->chunk_size = C;
    cache->errors.resize(x.B, x.T, x.HV, x.V);
    cache->states.resize(static_cast<std::size_t>(x.N * x.HV));
    for (Index i = 0; i < x.N * x.HV; ++i)
      cache->states[static_cast<std::size_t>(i)].resize(
          Blocks(problem.sequences[static_cast<std::size_t>(i / x.HV)].tokens(), C).count() * x.rows *
          padded<typename In::Scalar>(x.V));
  }
  problem.copy_initial_state(out.final_state);
  run_chunks(problem, out, cache);
}

}  // namespace detail

/// Runs a member over B sequences (or N packed ones), a chunk of tokens at a time (recurrence/README.md, equations 7 to 9).
///
/// Takes, returns and throws what `sequential` does, throws std::overflow_error if the state outgrows the type, and fills
/// *cache for `chunked_backward` where it is not null. Results do not depend on the number of threads. Work a token and value
/// head: 6 K V flops for the state, and chunk_size (4 K + 2 V) beside.
template <InputBundle In>
[[nodiscard]] ScanResult<typename In::Scalar> chunked(const In& in, const ScanOptions<typename In::Scalar>& options = {},
                                                      ScanCache<typename In::Scalar>* cache = nullptr) {
  const detail::Problem<In> problem(in, options);
  ScanResult<typename In::Scalar> result = problem.make_result();
  detail::run_chunked(problem, {result.o, result.final_state}, cache);
  return result;
}

/// `chunked` into the caller's memory, with all scratch from `workspace`: on one thread, after the first call of a size,
/// nothing is allocated and no page is fresh. out.final_state may be the memory of options.initial_state. Throws
/// std::invalid_argument, too, where an output has another shape than the result. Where it throws, what the outputs hold is not
/// defined.
template <InputBundle In>
void chunked_into(const In& in, const ScanOutputs<typename In::Scalar>& out, Workspace& workspace,
                  const ScanOptions<typename In::Scalar>& options = {}, ScanCache<typename In::Scalar>* cache = nullptr) {
  const WorkspaceScope use(workspace);
  const detail::Problem<In> problem(in, options);
  Tensor<typename In::Scalar, 4> own;
  detail::run_chunked(problem, problem.outputs(out, own), cache);
}

}  // namespace deltanet

#include "deltanet/recurrence/chunked_backward.hpp"
