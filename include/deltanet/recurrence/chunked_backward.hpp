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
          to = {tensor.data() + (sequence.begin * heads + hv * parts + slice) * width, heads * width};
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
  constexpr Index W = Lanes<T>::panel;
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

  parallel_for(x.N * x.HV * slices.count, [&](Index piece) {
    const Index state_row = piece / slices.count, hv = state_row % x.HV;
    const auto& sequence = problem.sequences[static_cast<std::size_t>(state_row / x.HV)];
    const auto head = problem.template head<typename Member::template HeadInputs<T>>(problem.in, sequence, hv);
    const auto d = partial.template head<typename Member::template HeadGradients<T>>(problem, gradients.inputs, sequence, hv,
                                                                                     piece % slices.count);
    const detail::Blocks blocks(sequence.tokens(), C);
    const MatrixMap<T> dS(gradients.initial_state.data() + state_row * x.K * x.V, x.K, x.V);
    const auto [first_panel, end_panel] = slices.range(piece % slices.count);
    detail::PanelState<T> dstate(first_panel, end_panel, dS);
    const auto slots = static_cast<std::size_t>(blocks.chunks_at_most());
    std::vector<typename Member::template Builder<T>> builders(slots, {C, x.K});
    std::vector<Chunk<T>> dchunks(slots, {C, x.K});
    std::vector<detail::ChunkPanel<T>> panels(slots, detail::ChunkPanel<T>(C));
    std::vector<Vector<T>> states(slots + 1, Vector<T>::Zero(x.K * W));  // S before each chunk of the block
    Matrix<T> dEO = Matrix<T>::Zero(2 * C, W), S_transposed = Matrix<T>::Zero(W, padded<T>(x.K));

    for (Index block = blocks.count(); block-- > 0;) {
      const auto chunks = blocks.chunks(block);
      for (const auto& chunk : chunks) {
        builders[chunk.slot].build(head, chunk.begin, chunk.tokens, problem.scale);
        dchunks[chunk.slot].set_zero();
      }
      for (Index p = first_panel; p < end_panel; ++p) {
        const Index column = p * W, columns = std::min(W, x.V - column);
        const auto row = [&](Index token) { return ((sequence.begin + token) * x.HV + hv) * x.V + column; };
        std::copy_n(cache.states[static_cast<std::size_t>(state_row)].data() + (block * slices.panels + p) * x.K * W, x.K * W,
                    states[0].data());
        for (const auto& chunk : chunks) {
          // recompute: E from the cache, U = b (.) E, and the state after the chunk by its write alone
          auto& panel = panels[chunk.slot];
          Member::template load_values<T>(head, chunk.begin, chunk.tokens, column, columns, panel.EO.data(),
                                          panel.strength.data());
          for (Index i = 0; i < chunk.tokens; ++i)
            panel.EO.row(i).head(columns) = VectorMap<const T>(cache.errors.data() + row(chunk.begin + i), columns);
          panel.U.topRows(chunk.tokens) = panel.strength.topRows(chunk.tokens).cwiseProduct(panel.EO.topRows(chunk.tokens));
          states[chunk.slot + 1] = states[chunk.slot];
          detail::write_chunk(builders[chunk.slot].chunk(), panel.U.data(), states[chunk.slot + 1].data(), W);
        }
        for (auto chunk = chunks.rbegin(); chunk != chunks.rend(); ++chunk) {
          auto& panel = panels[chunk->slot];
          for (Index i = 0; i < chunk->tokens; ++i)
            dEO.row(chunk->tokens + i).head(columns) = VectorMap<const T>(cotangents.o.data + row(chunk->begin + i), columns);
          dEO.middleRows(chunk->tokens, chunk->tokens).rightCols(W - columns).setZero();
          detail::retreat(builders[chunk->slot].chunk(), panel, states[chunk->slot].data(), dEO, dstate.panel(p), S_transposed,
                          dchunks[chunk->slot]);
          Member::template add_value_gradients<T>(dEO.data(), panel.strength.data(), chunk->begin, chunk->tokens, column,
                                                  columns, d);
        }
      }
      for (const auto& chunk : chunks) builders[chunk.slot].backward(dchunks[chunk.slot], d);
    }
    dstate.store(dS);
  });
  partial.add_to(problem, gradients.inputs);
  problem.normalize_backward(gradients.inputs);
  return gradients;
}

}  // namespace deltanet
