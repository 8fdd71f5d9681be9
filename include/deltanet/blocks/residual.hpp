#pragma once

#include <vector>

#include "deltanet/layers/layer.hpp"
#include "deltanet/layers/rms_norm.hpp"
#include "deltanet/layers/swiglu.hpp"
#include "deltanet/layers/tokens.hpp"

namespace deltanet {

/// Sizes and options of a residual block around a mixer.
template <class MixerConfig>
struct ResidualBlockConfig {
  MixerConfig attn;        // of the mixer; its input and output are of the width of mlp
  SwiGLUConfig mlp;        // its hidden_size is the width D of the block
  double norm_eps = 1e-5;  // of both norms
};

/// The parts of a residual block, by the names of flash-linear-attention's blocks.
template <Layer Mixer>
struct ResidualBlockParams {
  using T = typename Mixer::Scalar;
  RMSNorm<T> attn_norm;
  Mixer attn;
  RMSNorm<T> mlp_norm;
  SwiGLU<T> mlp;

  static constexpr auto fields() {
    using P = ResidualBlockParams;
    return std::tuple{Field{"attn_norm", &P::attn_norm}, Field{"attn", &P::attn}, Field{"mlp_norm", &P::mlp_norm},
                      Field{"mlp", &P::mlp}};
  }
};

namespace detail {

/// y += x, entry by entry.
template <Real T>
void add_to(Tensor<T, 3>& y, View<const T, 3> x) {
  for_each_range(x.size(), [&](Index begin, Index size) {
    VectorMap<T>(y.data() + begin, size) += VectorMap<const T>(x.data + begin, size);
  });
}

}  // namespace detail

/// A pre-norm residual block, the building block of flash-linear-attention's models:
///
///   h = x + attn(attn_norm(x)),    y = h + mlp(mlp_norm(h))
///
/// The mixer `attn` may be any Layer that keeps the width: it alone mixes tokens, and the block's State is the mixer's.
/// [B, T, D] -> [B, T, D].
template <Layer Mixer>
class ResidualBlock {
 public:
  using Scalar = typename Mixer::Scalar;
  using T = Scalar;
  using Config = ResidualBlockConfig<typename Mixer::Config>;
  using Params = ResidualBlockParams<Mixer>;
  using State = typename Mixer::State;
  struct Cache {
    typename RMSNorm<T>::Cache attn_norm;
    typename Mixer::Cache attn;
    typename RMSNorm<T>::Cache mlp_norm;
    typename SwiGLU<T>::Cache mlp;
  };

  Config config;
  Params params;

  explicit ResidualBlock(const Config& config_)
      : config(config_),
        params{RMSNorm<T>({config.mlp.hidden_size, config.norm_eps}), Mixer(config.attn),
               RMSNorm<T>({config.mlp.hidden_size, config.norm_eps}), SwiGLU<T>(config.mlp)} {
    if constexpr (requires { config.attn.hidden_size; })
      expect(config.attn.hidden_size == config.mlp.hidden_size,
             "attn.hidden_size: expected mlp.hidden_size=", config.mlp.hidden_size, ", got ", config.attn.hidden_size);
  }

  void initialize(Random& random) {
    params.attn_norm.initialize(random);
    params.attn.initialize(random);
    params.mlp_norm.initialize(random);
    params.mlp.initialize(random);
  }

  [[nodiscard]] State initial_state(Index N) const { return params.attn.initial_state(N); }

  Tensor<T, 3> forward(View<const T, 3> x, State* state = nullptr, Cache* cache = nullptr,
                       const Sequences& sequences = {}) const {
    const auto& [attn_norm, attn, mlp_norm, mlp] = params;
    Tensor<T, 3> h = attn.forward(attn_norm.forward(x, nullptr, cache ? &cache->attn_norm : nullptr), state,
                                  cache ? &cache->attn : nullptr, sequences);
    detail::add_to(h, x);
    Tensor<T, 3> y =
        mlp.forward(mlp_norm.forward(h, nullptr, cache ? &cache->mlp_norm : nullptr), nullptr, cache ? &cache->mlp : nullptr);
    detail::add_to<T>(y, h);
    return y;
  }

  Tensor<T, 2> step(View<const T, 2> x, State& state) const {
    NoState none;
    Tensor<T, 2> h = params.attn.step(params.attn_norm.step(x, none), state);
    rows(h) += x.rows();
    Tensor<T, 2> y = params.mlp.step(params.mlp_norm.step(h, none), none);
    rows(y) += rows(h);
    return y;
  }

  // forward: h = x + attn(attn_norm(x)),   y = h + mlp(mlp_norm(h))
  // so:      dh = dy + mlp_norm'(mlp'(dy)),   dx = dh + attn_norm'(attn'(dh))
  Tensor<T, 3> backward(const Cache& cache, View<const T, 3> dy, Params& gradients) const {
    const auto& [attn_norm, attn, mlp_norm, mlp] = params;
    auto& [dattn_norm, dattn, dmlp_norm, dmlp] = gradients;
    Tensor<T, 3> dh = mlp_norm.backward(cache.mlp_norm, mlp.backward(cache.mlp, dy, dmlp.params), dmlp_norm.params);
    detail::add_to(dh, dy);
    Tensor<T, 3> dx = attn_norm.backward(cache.attn_norm, attn.backward(cache.attn, dh, dattn.params), dattn_norm.params);
    detail::add_to<T>(dx, dh);
    return dx;
  }
};

}  // namespace deltanet
