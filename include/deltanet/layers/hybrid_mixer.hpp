#pragma once

#include <variant>

#include "deltanet/layers/attention.hpp"
#include "deltanet/layers/gated_delta_net.hpp"

namespace deltanet {

/// Which of the two a layer of a hybrid model is.
using HybridMixerConfig = std::variant<GatedDeltaNetConfig, AttentionConfig>;

/// One of the two is there, by the name that transformers gives it.
template <Real T>
struct HybridMixerParams {
  std::optional<GatedDeltaNet<T>> linear_attn;
  std::optional<Attention<T>> self_attn;

  static constexpr auto fields() {
    using P = HybridMixerParams;
    return std::tuple{Field{"linear_attn", &P::linear_attn}, Field{"self_attn", &P::self_attn}};
  }
};

template <Real T>
struct HybridMixerState {
  std::optional<typename GatedDeltaNet<T>::State> linear_attn;
  std::optional<AttentionState<T>> self_attn;

  static constexpr auto fields() {
    using S = HybridMixerState;
    return std::tuple{Field{"linear_attn", &S::linear_attn}, Field{"self_attn", &S::self_attn}};
  }
};

/// A GatedDeltaNet or softmax Attention, decided when it is made: the mixer of hybrid models, in which a few layers see every
/// token and the others carry a state of fixed size.  [B, T, D] -> [B, T, D].
template <Real T>
class HybridMixer {
 public:
  using Scalar = T;
  using Config = HybridMixerConfig;
  using Params = HybridMixerParams<T>;
  using State = HybridMixerState<T>;
  struct Cache {
    typename GatedDeltaNet<T>::Cache linear_attn;
    typename Attention<T>::Cache self_attn;
  };

  Config config;
  Params params;

  explicit HybridMixer(const Config& config_) : config(config_) {
    if (const auto* linear = std::get_if<GatedDeltaNetConfig>(&config))
      params.linear_attn.emplace(*linear);
    else
      params.self_attn.emplace(std::get<AttentionConfig>(config));
  }

  void initialize(Random& random) {
    const FlushToZero flush;
    if (params.linear_attn) params.linear_attn->initialize(random);
    if (params.self_attn) params.self_attn->initialize(random);
  }

  [[nodiscard]] State initial_state(Index N) const {
    if (params.linear_attn) return {params.linear_attn->initial_state(N), {}};
    return {{}, params.self_attn->initial_state(N)};
  }

  Tensor<T, 3> forward(View<const T, 3> x, State* state = nullptr, Cache* cache = nullptr,
                       const Sequences& sequences = {}) const {
    const FlushToZero flush;
    if (state)
      expect(state->linear_attn.has_value() == params.linear_attn.has_value() &&
                 state->self_attn.has_value() == params.self_attn.has_value(),
             "state: expected that of ", params.linear_attn ? "linear" : "softmax", " attention, got another");
    if (params.linear_attn)
      return params.linear_attn->forward(x, state ? &*state->linear_attn : nullptr, cache ? &cache->linear_attn : nullptr,
                                         sequences);
    return params.self_attn->forward(x, state ? &*state->self_attn : nullptr, cache ? &cache->self_attn : nullptr, sequences);
  }

  Tensor<T, 2> step(View<const T, 2> x, State& state) const { return detail::step_by_forward(*this, x, state); }

  Tensor<T, 3> backward(const Cache& cache, View<const T, 3> dy, Params& gradients) const {
    const FlushToZero flush;
    if (params.linear_attn) return params.linear_attn->backward(cache.linear_attn, dy, gradients.linear_attn->params);
    return params.self_attn->backward(cache.self_attn, dy, gradients.self_attn->params);
  }
};

static_assert(Layer<HybridMixer<float>>);

}  // namespace deltanet
