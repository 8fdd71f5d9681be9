#pragma once

#include "deltanet/recurrence/chunked.hpp"

namespace deltanet {

namespace detail {

/// Gradients with a row of their own for every value head and slice, to be added up in a fixed order: partial[.., hv * slices +
/// s] for every input whose gradient more than one piece of work adds to.
template <InputBundle In>
struct PartialGradients {
  using T = typename In::Scalar;
  using Bundle = typename In::Member::template Gradients<T>;

  Bundle partial;
  Index parts;  // slices

  PartialGradients(const Problem<In>& problem, Index slices) : parts(slices) {
    for_each_input(
        [&](const auto& field, const auto& view, auto& tensor) {
          if (!shared(problem, field)) return;
          auto shape = Eigen::array<Index, std::tuple_size_v<decltype(view.shape)>>(view.shape);
          shape[2] = problem.extents.HV * parts;
          tensor.resize(shape);
          tensor.setZero();
        },
        problem.given, partial);
  }

  template <class Field>
  [[nodiscard]] bool shared(const Problem<In>& problem, const Field& field) const {
    if (field.width == Width::value) return false;
    return parts > 1 || (field.heads == Heads::key && problem.extents.group() > 1);
  }

  /// The rows to which one value head's slice adds.
  template <class HeadBundle>
  [[nodiscard]] HeadBundle head(const Problem<In>& problem, Bundle& whole, const Sequence& sequence, Index hv, Index slice) {
    HeadBundle rows = problem.template head<HeadBundle>(whole, sequence, hv);
    for_each_input(
        [&](const auto& field, auto& tensor, auto& to) {
          if (!shared(problem, field)) return;
          const Index width = problem.width_of(field), heads = problem.extents.HV * parts;
          const Index first = sequence.tokens() > 0 ? (sequence.begin * heads + hv * parts + slice) * width : 0;
          to = {tensor.data() + first, heads * width};
        },
        partial, rows);
    return rows;
  }

  void add_to(const Problem<In>& problem, Bundle& whole) const {
    for_each_input(
        [&](const auto& field, const auto& from, auto& to) {
          if (!shared(problem, field)) return;
          const Index width = problem.width_of(field),
                      heads = field.heads == Heads::key ? problem.extents.H : problem.extents.HV;
          const Index terms = problem.extents.HV * parts / heads;
          parallel_for(problem.extents.B * problem.extents.T, [&](Index row) {
            const MatrixMap<const T> rows(from.data() + row * heads * terms * width, heads * terms, width);
            MatrixMap<T> sum(to.data() + row * heads * width, heads, width);
            for (Index i = 0; i < heads * terms; ++i) sum.row(i / terms) += rows.row(i);
          });
        },
        partial, whole);
  }
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
  using Member = typename In::Member;
  constexpr PanelWidth<T> W{};
  const detail::Problem<In> problem(in, options);
  problem.expect_cotangents(cotangents);
  const auto& x = problem.extents;
  expect_shape("cache.errors", View<const T, 4>(cache.errors), {{"B", x.B}, {"T", x.T}, {"HV", x.HV}, {"V", x.V}});
  expect(cache.chunk_size == options.chunk_size, "cache.chunk_size: expected ", options.chunk_size, ", got ", cache.chunk_size);
  expect(static_cast<Index>(cache.states.size()) == x.N * x.HV, "cache.states: expected N * HV = ", x.N * x.HV, ", got ",
         cache.states.size());

  const Index C = options.chunk_size;
  const detail::Slices slices(x.N * x.HV, x.V, W);
  ScanGradients<In> gradients = detail::zero_gradients(problem);
  detail::PartialGradients<In> partial(problem, slices.count);
  if (!cotangents.final_state.absent())
    std::copy_n(cotangents.final_state.data, gradients.initial_state.size(), gradients.initial_state.data());

  const detail::HeadGroups groups(x.N, x.HV, slices.count, num_threads());
  parallel_for(groups.pieces(), [&](Index index) {
    const auto piece = groups[index];
    const auto& sequence = problem.sequences[static_cast<std::size_t>(piece.sequence)];
    const detail::Blocks blocks(sequence.tokens(), C);
    const auto [first_panel, end_panel] = slices.range(piece.slice);
    struct Head {
      typename Member::template HeadInputs<T> in;
      typename Member::template HeadGradients<T> d;
      MatrixMap<T> dS;
      detail::PanelState<T> panels;
    };
    std::vector<Head> heads;
    for (Index hv = piece.first_head; hv < piece.end_head; ++hv) {
      const MatrixMap<T> dS(gradients.initial_state.data() + (piece.sequence * x.HV + hv) * x.rows * x.V, x.rows, x.V);
      heads.push_back({problem.template head<typename Member::template HeadInputs<T>>(problem.in, sequence, hv),
                       partial.template head<typename Member::template HeadGradients<T>>(problem, gradients.inputs, sequence,
                                                                                         hv, piece.slice),
                       dS,
                       {first_panel, end_panel, dS}});
    }
    const auto slots = static_cast<std::size_t>(blocks.chunks_at_most());
    std::vector<typename Member::template Builder<T>> builders(slots, {C, x.K});
    std::vector<Chunk<T>> dchunks(slots, {C, x.rows});
    const auto value_block = [&, first = first_panel, end = end_panel](Index rows) {
      return detail::ValueBlock<T>(rows, first, end, x.V);
    };
    const Index most = blocks.tokens_at_most();
    auto E = value_block(most), b = value_block(most), dEO = value_block(2 * most);  // dEO by chunk: dE, then dO
    std::vector<Vector<T>> states(slots + 1, Vector<T>::Zero(x.rows * W));           // S before each chunk of the block
    Vector<T> U(most * W);
    detail::RetreatScratch<T> scratch(C, x.rows);
    const Index ahead = blocks.fetched_ahead(end_panel - first_panel);

    for (Index block = blocks.count(); block-- > 0;) {
      const auto chunks = blocks.chunks(block);
      for (Index hv = piece.first_head; hv < piece.end_head; ++hv) {
        auto& [head, d, dS, dstate] = heads[static_cast<std::size_t>(hv - piece.first_head)];
        const auto& states_kept = cache.states[static_cast<std::size_t>(piece.sequence * x.HV + hv)];
        for (const auto& chunk : chunks) {
          builders[chunk.slot].build(head, chunk.begin, chunk.tokens, problem.scale);
          dchunks[chunk.slot].set_zero();
          for (Index i = 0; i < chunk.tokens; ++i) {
            E.for_each_part(chunk.offset + i, [&](Index p, Index column, auto columns, T* target) {
              Member::template load_values<T>(head, chunk.begin + i, column, columns, target, b.rows(p, chunk.offset + i));
            });
            const Index row = problem.value_row(sequence, chunk.begin + i, hv);
            E.load(chunk.offset + i, cache.errors.data() + row);  // what became of the targets
            dEO.load(2 * chunk.offset + chunk.tokens + i, cotangents.o.data + row);
          }
        }
        // What comes next is fetched while this block's products run, a few tokens after each.
        const bool last = hv + 1 == piece.end_head;
        const Index next_hv = last ? piece.first_head : hv + 1;
        const auto& next_head = heads[static_cast<std::size_t>(next_hv - piece.first_head)].in;
        Index next = std::max<Index>(0, chunks.front().begin - (last ? most : 0));
        const Index next_end = last ? chunks.front().begin : chunks.back().begin + chunks.back().tokens;
        for (Index p = first_panel; p < end_panel; ++p) {
          std::copy_n(states_kept.data() + (block * slices.panels + p) * x.rows * W, x.rows * W, states[0].data());
          for (const auto& chunk : chunks) {
            // recompute the states: U = b (.) E from the cache, and the state after the chunk by its write alone
            T* const writes = U.data() + chunk.offset * W;
            for (Index i = 0; i < chunk.tokens; ++i)
              detail::multiply_row(b.rows(p, chunk.offset + i), E.rows(p, chunk.offset + i), writes + i * W);
            states[chunk.slot + 1] = states[chunk.slot];
            detail::write_chunk(builders[chunk.slot].chunk(), writes, states[chunk.slot + 1].data());
          }
          for (auto chunk = chunks.rbegin(); chunk != chunks.rend(); ++chunk) {
            detail::retreat(builders[chunk->slot].chunk(), E.rows(p, chunk->offset), U.data() + chunk->offset * W,
                            b.rows(p, chunk->offset), dEO.rows(p, 2 * chunk->offset), states[chunk->slot].data(),
                            dstate.panel(p), scratch, dchunks[chunk->slot]);
            for (Index i = 0; i < ahead && next < next_end; ++i, ++next) {
              const Index row = problem.value_row(sequence, next, next_hv);
              problem.prefetch(next_head, next);
              detail::prefetch_row(cache.errors.data() + row, x.V);
              detail::prefetch_row(cotangents.o.data + row, x.V);
            }
          }
        }
        for (const auto& chunk : chunks) {
          builders[chunk.slot].backward(head, dchunks[chunk.slot], d);
          for (Index i = 0; i < chunk.tokens; ++i)
            dEO.for_each_part(2 * chunk.offset + i, [&](Index p, Index column, auto columns, const T* dx) {
              Member::template add_value_gradients<T>(head, dx, b.rows(p, chunk.offset + i), chunk.begin + i, column, columns,
                                                      d);
            });
        }
      }
    }
    for (auto& head : heads) head.panels.store(head.dS);
  });
  partial.add_to(problem, gradients.inputs);
  problem.normalize_backward(gradients.inputs);
  return gradients;
}

}  // namespace deltanet
