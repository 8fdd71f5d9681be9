#pragma once

#include "deltanet/recurrence/panel.hpp"
#include "deltanet/recurrence/problem.hpp"
#include "deltanet/recurrence/value_block.hpp"

/// The chunked scan: the same numbers as the sequential one to rounding, by small dense products.
namespace deltanet {

/// What `chunked_backward` needs of a `chunked` forward: prediction errors, and states every few chunks. T V + T K V / 64
/// numbers a head.
template <Real T>
struct ScanCache {
  Tensor<T, 4> errors;            // E [B, T, HV, V]
  std::vector<Vector<T>> states;  // the state panels before each block, one entry a (sequence, value head)
  Index chunk_size = 0;
};

/// Runs a member over B sequences (or N packed ones), a chunk of tokens at a time (recurrence/README.md, equations 7 to 9).
///
/// Takes, returns and throws what `sequential` does, throws std::overflow_error if the state outgrows the type, and fills
/// *cache for `chunked_backward` where it is not null. Results do not depend on the number of threads. Work a token and value
/// head: 6 K V flops for the state, and chunk_size (4 K + 2 V) beside.
template <InputBundle In>
[[nodiscard]] ScanResult<typename In::Scalar> chunked(const In& in, const ScanOptions<typename In::Scalar>& options = {},
                                                      ScanCache<typename In::Scalar>* cache = nullptr) {
  using T = typename In::Scalar;
  using Member = typename In::Member;
  constexpr PanelWidth<T> W{};
  const detail::Problem<In> problem(in, options);
  const auto& x = problem.extents;
  const Index C = options.chunk_size;
  const detail::Slices slices(x.N * x.HV, x.V, W, num_threads());
  ScanResult<T> result{Tensor<T, 4>(x.B, x.T, x.HV, x.V), problem.initial_state()};
  if (cache) {
    cache->chunk_size = C;
    cache->errors.resize(x.B, x.T, x.HV, x.V);
    cache->states.resize(static_cast<std::size_t>(x.N * x.HV));
    for (Index i = 0; i < x.N * x.HV; ++i)
      cache->states[static_cast<std::size_t>(i)].resize(
          detail::Blocks(problem.sequences[static_cast<std::size_t>(i / x.HV)].tokens(), C).count() * slices.panels * x.rows *
          W);
  }

  const detail::HeadGroups groups(x.N, x.HV, slices.count, num_threads());
  parallel_for(groups.pieces(), [&](Index index) {
    const auto piece = groups[index];
    const auto& sequence = problem.sequences[static_cast<std::size_t>(piece.sequence)];
    const detail::Blocks blocks(sequence.tokens(), C);
    const auto [first_panel, end_panel] = slices.range(piece.slice);
    struct Head {
      typename Member::template HeadInputs<T> in;
      MatrixMap<T> S;
      detail::PanelState<T> panels;
    };
    std::vector<Head> heads;
    for (Index hv = piece.first_head; hv < piece.end_head; ++hv) {
      const MatrixMap<T> S(result.final_state.data() + (piece.sequence * x.HV + hv) * x.rows * x.V, x.rows, x.V);
      heads.push_back({problem.template head<typename Member::template HeadInputs<T>>(problem.in, sequence, hv),
                       S,
                       {first_panel, end_panel, S}});
    }
    std::vector<typename Member::template Builder<T>> builders(static_cast<std::size_t>(blocks.chunks_at_most()), {C, x.K});
    detail::ValueBlock<T> EO(2 * blocks.tokens_at_most(), first_panel, end_panel, x.V);  // by chunk: X or E, then O
    detail::ValueBlock<T> b(blocks.tokens_at_most(), first_panel, end_panel, x.V);
    Vector<T> U(C * W);
    const Index ahead = blocks.fetched_ahead(end_panel - first_panel);

    for (Index block = 0; block < blocks.count(); ++block) {
      const auto chunks = blocks.chunks(block);
      for (Index hv = piece.first_head; hv < piece.end_head; ++hv) {
        auto& [head, S, state] = heads[static_cast<std::size_t>(hv - piece.first_head)];
        for (const auto& chunk : chunks) {
          builders[chunk.slot].build(head, chunk.begin, chunk.tokens, problem.scale);
          for (Index i = 0; i < chunk.tokens; ++i)
            EO.for_each_part(2 * chunk.offset + i, [&](Index p, Index column, auto columns, T* target) {
              Member::template load_values<T>(head, chunk.begin + i, column, columns, target, b.rows(p, chunk.offset + i));
            });
        }
        // What comes next is fetched while this block's products run, a few tokens after each.
        const bool last = hv + 1 == piece.end_head;
        const auto& next_head = heads[static_cast<std::size_t>(last ? 0 : hv + 1 - piece.first_head)].in;
        const Index next_hv = last ? piece.first_head : hv + 1;
        Index next = last ? chunks.back().begin + chunks.back().tokens : chunks.front().begin;
        const Index next_end = std::min(sequence.tokens(), next + blocks.tokens_at_most());
        for (Index p = first_panel; p < end_panel; ++p) {
          if (cache)
            std::copy_n(state.panel(p), x.rows * W,
                        cache->states[static_cast<std::size_t>(piece.sequence * x.HV + hv)].data() +
                            (block * slices.panels + p) * x.rows * W);
          for (const auto& chunk : chunks) {
            T* const rows = EO.rows(p, 2 * chunk.offset);
            detail::advance(builders[chunk.slot].chunk(), b.rows(p, chunk.offset), rows, U.data(), state.panel(p));
            problem.expect_finite_outputs(rows + chunk.tokens * W, chunk.tokens * W);
            for (Index i = 0; i < ahead && next < next_end; ++i, ++next) {
              problem.prefetch(next_head, next);
              detail::prefetch_row(result.o.data() + problem.value_row(sequence, next, next_hv), x.V);
            }
          }
        }
        for (const auto& chunk : chunks) {
          for (Index i = 0; i < chunk.tokens; ++i) {
            const Index row = problem.value_row(sequence, chunk.begin + i, hv);
            EO.store(2 * chunk.offset + chunk.tokens + i, result.o.data() + row);
            if (cache) EO.store(2 * chunk.offset + i, cache->errors.data() + row);
          }
        }
      }
    }
    for (auto& head : heads) head.panels.store(head.S);
  });
  return result;
}

}  // namespace deltanet

#include "deltanet/recurrence/chunked_backward.hpp"
