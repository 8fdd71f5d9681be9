#pragma once

#include <vector>

#include "deltanet/recurrence/mini_batch_backward.hpp"

/// Deep memories by mini-batches: the numbers of `sequential_deep_memory` to rounding, by matrix products.
namespace deltanet {

/// What `deep_memory_backward` needs of a `deep_memory` forward: 2 P numbers a chunk and head.
template <Real T>
struct DeepMemoryCache {
  struct Head {
    detail::PoolVector<Vector<T>> base, momentum;  // before each chunk; base: what decays of the weights
  };
  DeepMemoryState<T> initial_state;
  std::vector<Head> heads;  // [N H]
};

/// Runs deep memories over N sequences, a chunk of each mini-batch at a time, in the dual form (TITANS.md, equations 4 to 7).
///
/// Takes, returns and throws what `sequential_deep_memory` does, and fills *cache for `deep_memory_backward` where it is not
/// null. Results do not depend on the number of threads, and but for rounding not on how a stream is split into calls. Work a
/// token and head: 12 P flops (the keys forward and back, two reads, two writes; 14 P with decay_to_initial, a third read), and
/// 2 n (in + out) a layer beside, in chunks of n tokens.
template <DeepMemoryInputs In>
[[nodiscard]] DeepMemoryResult<typename In::Scalar> deep_memory(const MemoryNetwork& network,
                                                                const MemoryParams<typename In::Scalar>& params, const In& in,
                                                                const DeepMemoryState<typename In::Scalar>& state,
                                                                const DeepMemoryOptions& options = {},
                                                                DeepMemoryCache<typename In::Scalar>* cache = nullptr) {
  using T = typename In::Scalar;
  using Problem = detail::DeepMemoryProblem<In>;
  const Problem problem(network, params, in, state, options);
  const auto& x = problem.extents;
  DeepMemoryResult<T> result = problem.begin_result(state);
  if (cache) {
    cache->initial_state = state;
    cache->heads.assign(static_cast<std::size_t>(x.N * x.H), {});
  }
  parallel_for(x.N * x.H, [&](Index piece) {
    const Index n = piece / x.H, h = piece % x.H, C = problem.tokens_at_most();
    const auto head = problem.template head<typename Problem::HeadInputs>(in, n, h);
    const auto o = problem.value_rows(result.o.data(), n, h);
    typename In::Update::template Window<T> window(C);
    detail::MiniBatch<T> batch(network, params, h, C);
    auto start = problem.weights(result.final_state.start, n, h);
    auto weights = problem.weights(result.final_state.weights, n, h);
    auto momentum = problem.weights(result.final_state.momentum, n, h);
    Vector<T> base = problem.to_base(h, weights), after(x.P), momentum_after(x.P);
    problem.for_each_chunk(n, state.position[n], [&](Index t, Index tokens, bool /*begins*/, bool completes) {
      const auto rows = detail::mini_batch_tokens(problem, head, t, tokens);
      const detail::MiniBatchWeights<const T> around{start.data(), In::Update::from_start ? start.data() : base.data(),
                                                     momentum.data(), problem.initial(h)};
      if (cache) {
        auto& kept = cache->heads[static_cast<std::size_t>(piece)];
        kept.base.emplace_back(base);
        kept.momentum.emplace_back(momentum);
      }
      window.assign(head, t, tokens, completes, batch.coefficients);
      batch.learn(rows, around);
      if (!in.q.absent()) batch.read(rows, static_cast<T>(options.scale), around, detail::rows_of(o, t, tokens, x.V));
      batch.carry(around, after.data(), momentum_after.data());
      base = after;
      momentum = momentum_after;
      problem.from_base(h, base, weights);
      if (completes) start = weights;
    });
  });
  problem.expect_finite_result(result);
  return result;
}

/// The exact gradients of `deep_memory` (TITANS.md, equations 8 to 11), through the inner gradients too unless the options say
/// otherwise, from the last chunk to the first. `cache` must come from the same inputs and options; what is inside a chunk is
/// computed again.
template <DeepMemoryInputs In>
[[nodiscard]] DeepMemoryGradients<In> deep_memory_backward(const MemoryNetwork& network,
                                                           const MemoryParams<typename In::Scalar>& params, const In& in,
                                                           const DeepMemoryCache<typename In::Scalar>& cache,
                                                           const DeepMemoryCotangents<typename In::Scalar>& cotangents,
                                                           const DeepMemoryOptions& options = {}) {
  using T = typename In::Scalar;
  using Problem = detail::DeepMemoryProblem<In>;
  const Problem problem(network, params, in, cache.initial_state, options);
  problem.expect_cotangents(cotangents);
  const auto& x = problem.extents;
  const T scale = static_cast<T>(options.scale);
  expect(static_cast<Index>(cache.heads.size()) == x.N * x.H, "cache.heads: expected N * H = ", x.N * x.H, ", got ",
         cache.heads.size());
  auto gradients = problem.begin_gradients(cotangents);
  auto& dstate = gradients.initial_state;
  detail::NormGradientsByHead<T> dnorm(network, x.N * x.H);
  Matrix<T> dinitial = Matrix<T>::Zero(problem.decays_to_initial() ? x.N * x.H : 0, x.P);

  parallel_for(x.N * x.H, [&](Index piece) {
    const Index n = piece / x.H, h = piece % x.H, C = problem.tokens_at_most();
    const auto head = problem.template head<typename Problem::HeadInputs>(in, n, h);
    const auto d = problem.template head<typename Problem::HeadGradients>(gradients.inputs, n, h);
    const auto d_o = problem.value_rows(cotangents.o.data, n, h);
    const auto& kept = cache.heads[static_cast<std::size_t>(piece)];
    typename In::Update::template Window<T> window(C);
    detail::MiniBatchBackward<T> batch(network, params, h, C);
    const auto norm = dnorm[piece];
    auto dstart = problem.weights(dstate.start, n, h);
    auto dweights = problem.weights(dstate.weights, n, h), dmomentum = problem.weights(dstate.momentum, n, h);
    Vector<T> start(x.P), dbase(x.P), dmomentum_before(x.P);
    Matrix<T> O;

    struct Chunk {
      Index t, tokens;
      bool completes;
      std::size_t first;  // chunk of the mini-batch
    };
    detail::PoolVector<Chunk> chunks;
    problem.for_each_chunk(n, cache.initial_state.position[n], [&](Index t, Index tokens, bool begins, bool completes) {
      chunks.push_back({t, tokens, completes, begins || chunks.empty() ? chunks.size() : chunks.back().first});
    });
    expect(kept.base.size() == chunks.size(), "cache.heads: expected ", chunks.size(), " chunks, got ", kept.base.size());
    for (std::size_t i = chunks.size(); i-- > 0;) {
      const Chunk& chunk = chunks[i];
      if (chunk.first > 0)
        problem.from_base(h, kept.base[chunk.first], start);
      else
        start = problem.weights(cache.initial_state.start, n, h);
      const auto rows = detail::mini_batch_tokens(problem, head, chunk.t, chunk.tokens);
      const detail::MiniBatchWeights<const T> around{start.data(), In::Update::from_start ? start.data() : kept.base[i].data(),
                                                     kept.momentum[i].data(), problem.initial(h)};
      const detail::MiniBatchWeights<T> daround{dstart.data(), dbase.data(), dmomentum_before.data(),
                                                dinitial.rows() > 0 ? dinitial.row(piece).data() : nullptr};
      detail::MiniBatchTokenGradients<T> dtokens{detail::rows_of(d.q, chunk.t, in.q.absent() ? 0 : chunk.tokens, x.K),
                                                 detail::rows_of(d.k, chunk.t, chunk.tokens, x.K),
                                                 detail::rows_of(d.v, chunk.t, chunk.tokens, x.V),
                                                 detail::rows_of(d.theta, chunk.t, chunk.tokens, 1)};

      window.assign(head, chunk.t, chunk.tokens, chunk.completes, batch.coefficients);
      batch.learn(rows, around);
      batch.clear();
      dbase.setZero();
      dmomentum_before.setZero();
      // forward: where the mini-batch ends, the next starts with the weights after
      if (chunk.completes) {
        dweights += dstart;
        dstart.setZero();
      }
      if (!in.q.absent()) {
        O.resize(chunk.tokens, x.V);
        batch.read(rows, scale, around, O);
        batch.read_backward(detail::rows_of(d_o, chunk.t, chunk.tokens, x.V), scale, around, dtokens, daround, norm);
      }
      batch.carry_backward(dweights.data(), dmomentum.data(), around, daround);
      batch.learn_backward(rows, start.data(), dtokens, options.outer_gradient == OuterGradient::full ? dstart.data() : nullptr,
                           norm);
      window.backward(chunk.t, chunk.tokens, batch.dcoefficients, d);
      dmomentum = dmomentum_before;
      if constexpr (In::Update::from_start) {
        dstart += dbase;
        dweights.setZero();
      } else {
        dweights = dbase;
      }
    }
  });
  dnorm.add_to(gradients.params);
  for (Index piece = 0; piece < dinitial.rows(); ++piece) gradients.params.weights.row(piece % x.H) += dinitial.row(piece);
  return gradients;
}

}  // namespace deltanet
