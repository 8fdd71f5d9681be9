#pragma once

#include "deltanet/blocks/memory_and_attention.hpp"
#include "deltanet/blocks/persistent_tokens.hpp"

namespace deltanet {

/// Sizes and options of Titans' memory as a layer. The memory's hidden_size and attn's are the width D.
template <class MemoryConfig>
struct MemoryAsLayerConfig {
  Index hidden_size = 2048;
  Index num_persistent_tokens = 4;
  MemoryConfig memory{};
  AttentionConfig attn{.window_size = 128};
  double norm_eps = 1e-5;
};

template <Layer Memory>
struct MemoryAsLayerParams {
  using T = typename Memory::Scalar;
  std::optional<Matrix<T>> persistent_tokens;  // [P, D]
  Memory memory;
  RMSNorm<T> memory_norm;
  Attention<T> attn;

  static constexpr auto fields() {
    using P = MemoryAsLayerParams;
    return std::tuple{Field{"persistent_tokens", &P::persistent_tokens, no_weight_decay}, Field{"memory", &P::memory},
                      Field{"memory_norm", &P::memory_norm}, Field{"attn", &P::attn}};
  }
};

/// Titans' memory as a layer (MAL), arXiv 2501.00663, section 4.3: a memory, then softmax attention in a sliding window,
///
///   x~ = [p_1 .. p_P | x]                                                                                             (29)
///   y = M(x~)                                                                                                         (30)
///   o = SW-Attn(norm(y))                                                                                              (31)
///
/// with persistent tokens p (persistent_tokens.hpp), that begin every sequence as tokens do; those of y are in the window of
/// the first tokens alone. The norm is ours: it gives queries and keys a size that scores can be made of. The memory may be any
/// Layer that keeps the width: NeuralMemory, GatedDeltaNet<T, HeavyBallMomentum>.
///
/// [B, T, D] -> [B, T, D]. A state given to `forward` counts as a constant: no gradient reaches the tokens before it.
template <Layer Memory>
class MemoryAsLayer {
 public:
  using Scalar = typename Memory::Scalar;
  using T = Scalar;
  using Config = MemoryAsLayerConfig<typename Memory::Config>;
  using Params = MemoryAsLayerParams<Memory>;
  using State = MemoryAndAttentionState<Memory>;
  struct Cache {
    typename Memory::Cache memory;
    typename RMSNorm<T>::Cache memory_norm;
    typename Attention<T>::Cache attn;
    std::optional<WithPersistentTokens<T>> joined;  // where sequences began with persistent tokens
  };

  Config config;
  Params params;

  explicit MemoryAsLayer(const Config& config_)
      : config(config_),
        params{persistent_tokens<T>(config.num_persistent_tokens, config.hidden_size), Memory(config.memory),
               RMSNorm<T>({config.hidden_size, config.norm_eps}), Attention<T>(config.attn)} {
    detail::expect_memory_and_attention_widths(config);
  }

  void initialize(Random& random) {
    const FlushToZero flush;
    initialize_persistent_tokens(params.persistent_tokens, random);
    params.memory.initialize(random);
    params.memory_norm.initialize(random);
    params.attn.initialize(random);
  }

  /// That after the persistent tokens.
  [[nodiscard]] State initial_state(Index N) const {
    State state{params.memory.initial_state(N), params.attn.initial_state(N)};
    if (params.persistent_tokens) (void)read(detail::repeated(*params.persistent_tokens, N), &state, nullptr, {});
    return state;
  }

  Tensor<T, 3> forward(View<const T, 3> x, State* state = nullptr, Cache* cache = nullptr,
                       const Sequences& sequences = {}) const {
    const FlushToZero flush;
    expect_shape("x", x, {{"B", x.shape[0]}, {"T", x.shape[1]}, {"D", config.hidden_size}});
    return after_persistent_tokens<T>(params.persistent_tokens, !state, x, sequences, cache ? &cache->joined : nullptr,
                                      [&](View<const T, 3> z, const Sequences& cut) { return read(z, state, cache, cut); });
  }

  Tensor<T, 2> step(View<const T, 2> x, State& state) const { return detail::step_by_forward(*this, x, state); }

  // forward: y = own(read([p | x]))
  Tensor<T, 3> backward(const Cache& cache, View<const T, 3> dy, Params& gradients) const {
    const FlushToZero flush;
    Matrix<T>* const dpersistent = gradients.persistent_tokens ? &*gradients.persistent_tokens : nullptr;
    return after_persistent_tokens_backward<T>(cache.joined, dy, dpersistent, [&](View<const T, 3> d) {
      Tensor<T, 3> dz = params.attn.backward(cache.attn, d, gradients.attn.params);
      dz = params.memory_norm.backward(cache.memory_norm, dz, gradients.memory_norm.params);
      return params.memory.backward(cache.memory, dz, gradients.memory.params);
    });
  }

 private:
  /// attn(norm(memory(z))).
  Tensor<T, 3> read(View<const T, 3> z, State* state, Cache* cache, const Sequences& sequences) const {
    Tensor<T, 3> y = params.memory.forward(z, state ? &state->memory : nullptr, cache ? &cache->memory : nullptr, sequences);
    y = params.memory_norm.forward(y, nullptr, cache ? &cache->memory_norm : nullptr);
    return params.attn.forward(y, state ? &state->attn : nullptr, cache ? &cache->attn : nullptr, sequences);
  }
};

}  // namespace deltanet
