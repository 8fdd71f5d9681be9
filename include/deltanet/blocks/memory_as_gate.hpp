#pragma once

#include "deltanet/blocks/gated_branches.hpp"

namespace deltanet {

/// Sizes and options of Titans' memory as a gate. The memory's hidden_size and attn's are the width D.
template <class MemoryConfig>
struct MemoryAsGateConfig {
  Index hidden_size = 2048;
  Index num_persistent_tokens = 4;
  MemoryConfig memory{};
  AttentionConfig attn{.window_size = 128};
  double norm_eps = 1e-5;
  std::optional<double> initializer_range{};  ///< of o_proj, as in LinearConfig
};

/// Titans' memory as a gate (MAG), arXiv 2501.00663, section 4.2: a memory beside softmax attention in a sliding window, which
/// gate each other,
///
///   x~ = [p_1 .. p_P | x]                                                                                             (26)
///   y = SW-Attn*(x~)             every token sees the persistent tokens p, and the last ones                           (27)
///   o = y (x) M(x~)                                                                                                   (28)
///
/// where (x) is that of gated_branches.hpp; its o_proj is ours: a product of two silus alone hardly goes below zero. The memory
/// reads the persistent tokens before the first token; attention sees them without a position, so that they are as far from
/// token 10 as from token 10,000. The memory may be any Layer that keeps the width: NeuralMemory, GatedDeltaNet<T,
/// HeavyBallMomentum>.
///
/// [B, T, D] -> [B, T, D]. A state given to `forward` counts as a constant: no gradient reaches the tokens before it.
template <Layer Memory>
class MemoryAsGate {
 public:
  using Scalar = typename Memory::Scalar;
  using T = Scalar;
  using Config = MemoryAsGateConfig<typename Memory::Config>;
  using Params = GatedBranchesParams<Memory>;
  using State = MemoryAndAttentionState<Memory>;
  struct Cache {
    typename Attention<T>::Cache attn;
    typename RMSNorm<T>::Cache attn_norm;
    typename Memory::Cache memory;
    typename RMSNorm<T>::Cache memory_norm;
    Tensor<T, 3> a, m;  // [B, T, D]: the two branches after their norms
    typename Linear<T>::Cache o_proj;
    std::optional<WithPersistentTokens<T>> joined;  // where the memory's sequences began with persistent tokens
  };

  Config config;
  Params params;

  explicit MemoryAsGate(const Config& config_) : config(config_), params(gated_branches_params<Memory>(config_)) {}

  void initialize(Random& random) { initialize_gated_branches(params, random); }

  /// That of a memory that has read the persistent tokens.
  [[nodiscard]] State initial_state(Index N) const {
    State state{params.memory.initial_state(N), params.attn.initial_state(N)};
    if (params.persistent_tokens) (void)params.memory.forward(detail::repeated(*params.persistent_tokens, N), &state.memory);
    return state;
  }

  Tensor<T, 3> forward(View<const T, 3> x, State* state = nullptr, Cache* cache = nullptr,
                       const Sequences& sequences = {}) const {
    const FlushToZero flush;
    expect_shape("x", x, {{"B", x.shape[0]}, {"T", x.shape[1]}, {"D", config.hidden_size}});
    Cache own;
    Cache& kept = cache ? *cache : own;
    // the memory first: it may throw
    const auto remember = [&](View<const T, 3> z, const Sequences& cut) {
      return params.memory.forward(z, state ? &state->memory : nullptr, cache ? &cache->memory : nullptr, cut);
    };
    kept.m = after_persistent_tokens<T>(params.persistent_tokens, !state, x, sequences, &kept.joined, remember);
    kept.m = params.memory_norm.forward(kept.m, nullptr, cache ? &cache->memory_norm : nullptr);
    kept.a = params.attn.attend(x, context(), state ? &state->attn : nullptr, cache ? &cache->attn : nullptr, sequences);
    kept.a = params.attn_norm.forward(kept.a, nullptr, cache ? &cache->attn_norm : nullptr);
    return params.o_proj.forward(silu_product(kept.a, kept.m), nullptr, cache ? &cache->o_proj : nullptr);
  }

  Tensor<T, 2> step(View<const T, 2> x, State& state) const { return detail::step_by_forward(*this, x, state); }

  // forward: y = o_proj(silu(a) silu(m)),   a = norm(attn(x beside p)),   m = norm(own(memory([p | x])))
  Tensor<T, 3> backward(const Cache& cache, View<const T, 3> dy, Params& gradients) const {
    const FlushToZero flush;
    Tensor<T, 3> da, dm;
    silu_product_backward(cache.a, cache.m, params.o_proj.backward(cache.o_proj, dy, gradients.o_proj.params), da, dm);
    da = params.attn_norm.backward(cache.attn_norm, da, gradients.attn_norm.params);
    dm = params.memory_norm.backward(cache.memory_norm, dm, gradients.memory_norm.params);
    AttentionContextGradients<T> dcontext{zeros_of_persistent(), {}};
    Tensor<T, 3> dx = params.attn.attend_backward(cache.attn, context(), da, gradients.attn.params, dcontext);
    detail::add_to(dx, after_persistent_tokens_backward<T>(cache.joined, dm, &dcontext.persistent, [&](View<const T, 3> d) {
                     return params.memory.backward(cache.memory, d, gradients.memory.params);
                   }));
    if (gradients.persistent_tokens) *gradients.persistent_tokens += dcontext.persistent;
    return dx;
  }

 private:
  [[nodiscard]] AttentionContext<T> context() const { return {.persistent = view_of(params.persistent_tokens)}; }
  [[nodiscard]] Matrix<T> zeros_of_persistent() const {
    return Matrix<T>::Zero(config.num_persistent_tokens, config.hidden_size);
  }
};

}  // namespace deltanet
