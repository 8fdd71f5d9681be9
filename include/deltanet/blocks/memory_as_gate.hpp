#pragma once

#include "deltanet/blocks/persistent_tokens.hpp"
#include "deltanet/blocks/silu_product.hpp"
#include "deltanet/layers/attention.hpp"

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

template <Layer Memory>
struct MemoryAsGateParams {
  using T = typename Memory::Scalar;
  std::optional<Matrix<T>> persistent_tokens;  // [P, D]
  Attention<T> attn;
  RMSNorm<T> attn_norm;
  Memory memory;
  RMSNorm<T> memory_norm;
  Linear<T> o_proj;

  static constexpr auto fields() {
    using P = MemoryAsGateParams;
    return std::tuple{Field{"persistent_tokens", &P::persistent_tokens, no_weight_decay},
                      Field{"attn", &P::attn},
                      Field{"attn_norm", &P::attn_norm},
                      Field{"memory", &P::memory},
                      Field{"memory_norm", &P::memory_norm},
                      Field{"o_proj", &P::o_proj}};
  }
};

template <Layer Memory>
struct MemoryAsGateState {
  typename Memory::State memory;
  AttentionState<typename Memory::Scalar> attn;

  static constexpr auto fields() {
    using S = MemoryAsGateState;
    return std::tuple{Field{"memory", &S::memory}, Field{"attn", &S::attn}};
  }
};

/// Titans' memory as a gate (MAG), arXiv 2501.00663, section 4.2: a memory beside softmax attention in a sliding window, which
/// gate each other,
///
///   x~ = [p_1 .. p_P | x]                                                                                             (26)
///   y = SW-Attn*(x~)             every token sees the persistent tokens p, and the last ones                           (27)
///   o = y (x) M(x~)                                                                                                   (28)
///
/// where a (x) b = o_proj(silu(norm(a)) (.) silu(norm(b))) with a learnt weight a channel in each norm, as the paper says of
/// its non-linear gate; o_proj is ours: a product of two silus alone hardly goes below zero. The memory reads the persistent
/// tokens before the first token; attention sees them without a position, so that they are as far from token 10 as from token
/// 10,000. The memory may be any Layer that keeps the width: NeuralMemory, GatedDeltaNet<T, HeavyBallMomentum>.
///
/// [B, T, D] -> [B, T, D]. A state given to `forward` counts as a constant: no gradient reaches the tokens before it.
template <Layer Memory>
class MemoryAsGate {
 public:
  using Scalar = typename Memory::Scalar;
  using T = Scalar;
  using Config = MemoryAsGateConfig<typename Memory::Config>;
  using Params = MemoryAsGateParams<Memory>;
  using State = MemoryAsGateState<Memory>;
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

  explicit MemoryAsGate(const Config& config_)
      : config(config_),
        params{persistent_tokens<T>(config.num_persistent_tokens, config.hidden_size),
               Attention<T>(config.attn),
               RMSNorm<T>({config.hidden_size, config.norm_eps}),
               Memory(config.memory),
               RMSNorm<T>({config.hidden_size, config.norm_eps}),
               Linear<T>({config.hidden_size, config.hidden_size, false, config.initializer_range})} {
    detail::expect_branch_widths(config);
  }

  void initialize(Random& random) {
    initialize_persistent_tokens(params.persistent_tokens, random);
    params.attn.initialize(random);
    params.attn_norm.initialize(random);
    params.memory.initialize(random);
    params.memory_norm.initialize(random);
    params.o_proj.initialize(random);
  }

  /// That of a memory that has read the persistent tokens.
  [[nodiscard]] State initial_state(Index N) const {
    State state{params.memory.initial_state(N), params.attn.initial_state(N)};
    if (params.persistent_tokens) (void)params.memory.forward(detail::repeated(*params.persistent_tokens, N), &state.memory);
    return state;
  }

  Tensor<T, 3> forward(View<const T, 3> x, State* state = nullptr, Cache* cache = nullptr,
                       const Sequences& sequences = {}) const {
    expect_shape("x", x, {{"B", x.shape[0]}, {"T", x.shape[1]}, {"D", config.hidden_size}});
    Cache own;
    Cache& kept = cache ? *cache : own;
    kept.a = params.attn.attend(x, context(), state ? &state->attn : nullptr, cache ? &cache->attn : nullptr, sequences);
    kept.a = params.attn_norm.forward(kept.a, nullptr, cache ? &cache->attn_norm : nullptr);
    kept.m = remember(x, state ? &state->memory : nullptr, cache, sequences);
    kept.m = params.memory_norm.forward(kept.m, nullptr, cache ? &cache->memory_norm : nullptr);
    return params.o_proj.forward(silu_product(kept.a, kept.m), nullptr, cache ? &cache->o_proj : nullptr);
  }

  Tensor<T, 2> step(View<const T, 2> x, State& state) const { return detail::step_by_forward(*this, x, state); }

  // forward: y = o_proj(silu(a) silu(m)),   a = norm(attn(x beside p)),   m = norm(own(memory([p | x])))
  Tensor<T, 3> backward(const Cache& cache, View<const T, 3> dy, Params& gradients) const {
    Tensor<T, 3> da, dm;
    silu_product_backward(cache.a, cache.m, params.o_proj.backward(cache.o_proj, dy, gradients.o_proj.params), da, dm);
    da = params.attn_norm.backward(cache.attn_norm, da, gradients.attn_norm.params);
    dm = params.memory_norm.backward(cache.memory_norm, dm, gradients.memory_norm.params);
    AttentionContextGradients<T> dcontext{zeros_of_persistent(), {}};
    Tensor<T, 3> dx = params.attn.attend_backward(cache.attn, context(), da, gradients.attn.params, dcontext);
    const auto memory_backward = [&](View<const T, 3> d) {
      return params.memory.backward(cache.memory, d, gradients.memory.params);
    };
    if (cache.joined)
      detail::add_to(dx, cache.joined->join_backward(memory_backward(cache.joined->spread(dm)), dcontext.persistent));
    else
      detail::add_to(dx, memory_backward(dm));
    if (gradients.persistent_tokens) *gradients.persistent_tokens += dcontext.persistent;
    return dx;
  }

 private:
  [[nodiscard]] AttentionContext<T> context() const { return {.persistent = view_of(params.persistent_tokens)}; }
  [[nodiscard]] Matrix<T> zeros_of_persistent() const {
    return Matrix<T>::Zero(config.num_persistent_tokens, config.hidden_size);
  }

  /// memory([p | x]), where sequences begin here, without what it says to p.
  Tensor<T, 3> remember(View<const T, 3> x, typename Memory::State* state, Cache* cache, const Sequences& sequences) const {
    typename Memory::Cache* kept = cache ? &cache->memory : nullptr;
    if (cache) cache->joined.reset();
    if (state || !params.persistent_tokens) return params.memory.forward(x, state, kept, sequences);
    const WithPersistentTokens<T> joined(config.num_persistent_tokens, x.shape, sequences);
    if (cache) cache->joined = joined;
    return joined.own(params.memory.forward(joined.join(*params.persistent_tokens, x), nullptr, kept, joined.sequences()));
  }
};

}  // namespace deltanet
