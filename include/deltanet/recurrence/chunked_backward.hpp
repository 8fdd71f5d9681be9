#pragma once

#include "deltanet/recurrence/backward_piece.hpp"

namespace deltanet {

namespace detail {

/// Runs all pieces: each by itself, or in step where few states are shared by many threads.
template <InputBundle In>
void retreat_chunks(const Problem<In>& problem, const ScanCache<typename In::Scalar>& cache,
                    const Cotangents<typename In::Scalar>& cotangents, const ScanGradientViews<In>& gradients,
                    PartialGradients<In>& partial) {
  using Piece = BackwardPiece<In>;
  const auto& x = problem.extents;
  const Index states = x.N * x.HV;
  const Slices slices(states, x.V, Lanes<typename In::Scalar>::panel);
  const Slices shares = slices.merged(num_threads() / std::max<Index>(states, 1));
  const HeadGroups groups(x.N, x.HV, shares.count, num_threads());
  if (shares.count == 1) {
    parallel_for(groups.pieces(),
                 [&](Index i) { Piece(problem, groups[i], slices, shares, cache, cotangents, gradients, partial).run(); });
    return;
  }
  PoolVector<PoolPointer<Piece>> owned(static_cast<std::size_t>(groups.pieces()));
  PoolVector<Piece*> pieces(owned.size());
  const auto in_step = [&](const auto& f) { parallel_for(groups.pieces(), [&](Index i) { f(static_cast<std::size_t>(i)); }); };
  in_step([&](std::size_t i) {
    owned[i] =
        make_pooled<Piece>(problem, groups[static_cast<Index>(i)], slices, shares, cache, cotangents, gradients, partial);
    pieces[i] = owned[i].get();
  });
  Index stretches = 0;
  for (const Piece* const piece : pieces) stretches = std::max(stretches, piece->stretches());
  const auto count = static_cast<std::size_t>(shares.count);
  for (Index stretch = stretches; stretch-- > 0;) {
    in_step([&](std::size_t i) { pieces[i]->retreat(stretch); });
    // the pieces of one state follow each other, and so do its slices
    in_step([&](std::size_t i) { pieces[i]->gather(stretch, std::span(pieces).subspan(i / count * count, count)); });
  }
}

/// The gradients of a problem into tensors of its shapes.
template <InputBundle In>
void run_backward(const Problem<In>& problem, const ScanCache<typename In::Scalar>& cache,
                  const Cotangents<typename In::Scalar>& cotangents, const ScanGradientViews<In>& gradients) {
  const auto& x = problem.extents;
  const Index C = problem.options.chunk_size;
  problem.expect_cotangents(cotangents);
  expect_shape("cache.errors", View<const typename In::Scalar, 4>(cache.errors),
               {{"B", x.B}, {"T", x.T}, {"HV", x.HV}, {"V", x.V}});
  expect(cache.chunk_size == C, "cache.chunk_size: expected ", C, ", got ", cache.chunk_size);
  expect(static_cast<Index>(cache.states.size()) == x.N * x.HV, "cache.states: expected N * HV = ", x.N * x.HV, ", got ",
         cache.states.size());
  PartialGradients<In> partial(problem);
  begin_state_gradient(cotangents, gradients);
  retreat_chunks(problem, cache, cotangents, gradients, partial);
  partial.sum_to(problem, gradients.inputs);
  problem.normalize_backward(gradients.inputs);
}

}  // namespace detail

/// The exact gradients of `chunked`, from the last chunk to the first (recurrence/README.md, equations 10 to 15). `cache` must
/// come from the same inputs and options. Within a block the states are recomputed from the errors kept: 14 K V flops a token
/// and value head, and K V / 64 numbers of memory; threads that share a state have room for 8 blocks of tokens beside. Throws
/// std::invalid_argument as `chunked` does, and for a cache of other sizes.
template <InputBundle In>
[[nodiscard]] ScanGradients<In> chunked_backward(const In& in, const ScanCache<typename In::Scalar>& cache,
                                                 const Cotangents<typename In::Scalar>& cotangents,
                                                 const ScanOptions<typename In::Scalar>& options = {}) {
  const detail::Problem<In> problem(in, options);
  ScanGradients<In> gradients = detail::make_gradients(problem);
  detail::run_backward<In>(problem, cache, cotangents, gradients);
  return gradients;
}

/// `chunked_backward` into the caller's memory, with all scratch from `workspace`, as `chunked_into`.
template <InputBundle In>
void chunked_backward_into(const In& in, const ScanCache<typename In::Scalar>& cache,
                           const Cotangents<typename In::Scalar>& cotangents, const ScanGradientViews<In>& gradients,
                           Workspace& workspace, const ScanOptions<typename In::Scalar>& options = {}) {
  const WorkspaceScope use(workspace);
  const detail::Problem<In> problem(in, options);
  detail::expect_gradients(problem, gradients);
  detail::run_backward(problem, cache, cotangents, gradients);
}

}  // namespace deltanet
