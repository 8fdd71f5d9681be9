#pragma once

#include <vector>

#include "deltanet/layers/layer.hpp"
#include "deltanet/layers/rms_norm.hpp"
#include "deltanet/layers/swiglu.hpp"
#include "deltanet/layers/tokens.hpp"

namespace deltanet {

/// Where a block's norms are: before its two parts, as nearly everywhere, or after them, as in OLMo 2 and 3.
enum class NormPlacement { before, after };

/// Sizes and options of a residual block around a mixer.
template <class MixerConfig>
struct ResidualBlockConfig {
  MixerConfig attn;                 // of the mixer; its input and output are of the width of mlp
  SwiGLUConfig mlp;                 // its hidden_size is the width D of the block
  double norm_eps = 1e-5;           // of both norms
  bool zero_centered_norm = false;  // of both norms, as in RMSNormConfig
  NormPlacement norms = NormPlacement::before;

  [[nodiscard]] RMSNormConfig norm() const { return {mlp.hidden_size, norm_eps, zero_centered_norm}; }
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

/// A residual block, the building block of flash-linear-attention's and transformers' models:
///
///   h = x + attn(attn_norm(x)),    y = h + mlp(mlp_norm(h))        (norms before)
///   h = x + attn_norm(attn(x)),    y = h + mlp_norm(mlp(h))        (norms after)
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
        params{RMSNorm<T>(config.norm()), Mixer(config.attn), RMSNorm<T>(config.norm()), SwiGLU<T>(config.mlp)} {
    if constexpr (requires { config.attn.hidden_size; })
      expect(config.attn.hidden_size == config.mlp.hidden_size,
             "attn.hidden_size: expected mlp.hidden_size=", config.mlp.hidden_size, ", got ", config.attn.hidden_size);
  }

  void initialize(Random& random) {
    const FlushToZero flush;
    params.attn_norm.initialize(random);
    params.attn.initialize(random);
    params.mlp_norm.initialize(random);
    params.mlp.initialize(random);
  }

  [[nodiscard]] State initial_state(Index N) const { return params.attn.initial_state(N); }

  Tensor<T, 3> forward(View<const T, 3> x, State* state = nullptr, Cache* cache = nullptr,
                       const Sequences& sequences = {}) const {
    const FlushToZero flush;
    const Tensor<T, 3> h = branch(params.attn_norm, x, cache ? &cache->attn_norm : nullptr, [&](View<const T, 3> z) {
      return params.attn.forward(z, state, cache ? &cache->attn : nullptr, sequences);
    });
    return branch(params.mlp_norm, h, cache ? &cache->mlp_norm : nullptr,
                  [&](View<const T, 3> z) { return params.mlp.forward(z, nullptr, cache ? &cache->mlp : nullptr); });
  }

  Tensor<T, 2> step(View<const T, 2> x, State& state) const {
    const FlushToZero flush;
    NoState none;
    const auto branch_of = [&](const RMSNorm<T>& norm, View<const T, 2> from, const auto& part) {
      Tensor<T, 2> y = norms_before() ? part(norm.step(from, none)) : norm.step(part(from), none);
      rows(y) += from.rows();
      return y;
    };
    const Tensor<T, 2> h = branch_of(params.attn_norm, x, [&](View<const T, 2> z) { return params.attn.step(z, state); });
    return branch_of(params.mlp_norm, h, [&](View<const T, 2> z) { return params.mlp.step(z, none); });
  }

  // forward: h = x + branch(x),   branch(x) = attn(attn_norm(x)) or attn_norm(attn(x)),   and so on with mlp
  // so:      dx = dh + branch'(dh)
  Tensor<T, 3> backward(const Cache& cache, View<const T, 3> dy, Params& gradients) const {
    const FlushToZero flush;
    const Tensor<T, 3> dh = branch_backward(params.mlp_norm, cache.mlp_norm, gradients.mlp_norm, dy, [&](View<const T, 3> d) {
      return params.mlp.backward(cache.mlp, d, gradients.mlp.params);
    });
    return branch_backward(params.attn_norm, cache.attn_norm, gradients.attn_norm, dh,
                           [&](View<const T, 3> d) { return params.attn.backward(cache.attn, d, gradients.attn.params); });
  }

 private:
  [[nodiscard]] bool norms_before() const { return config.norms == NormPlacement::before; }

  /// x + part(norm(x)), or x + norm(part(x)).
  template <class Part>
  Tensor<T, 3> branch(const RMSNorm<T>& norm, View<const T, 3> x, typename RMSNorm<T>::Cache* cache, const Part& part) const {
    Tensor<T, 3> y = norms_before() ? part(norm.forward(x, nullptr, cache)) : norm.forward(part(x), nullptr, cache);
    detail::add_to(y, x);
    return y;
  }
  template <class PartBackward>
  Tensor<T, 3> branch_backward(const RMSNorm<T>& norm, const typename RMSNorm<T>::Cache& cache, RMSNorm<T>& gradients,
                               View<const T, 3> dy, const PartBackward& part_backward) const {
    Tensor<T, 3> dx = norms_before() ? norm.backward(cache, part_backward(dy), gradients.params)
                                     : part_backward(norm.backward(cache, dy, gradients.params));
    detail::add_to(dx, dy);
    return dx;
  }
};

}  // namespace deltanet
