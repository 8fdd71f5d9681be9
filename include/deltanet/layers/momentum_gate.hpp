#pragma once

#include <cmath>

#include "deltanet/core/activation.hpp"
#include "deltanet/layers/linear.hpp"
#include "deltanet/memory/delta_rule.hpp"

namespace deltanet {

/// Whether the memory of a GatedDeltaNet has momentum: a policy that names its member of the family.
struct NoMomentum {
  using Member = GatedDeltaRule;
};
/// Titans' linear memory: the gradient is taken at the state before the token.
struct HeavyBallMomentum {
  using Member = MomentumDeltaRule;
};
/// The gradient is taken where decay and momentum alone would lead.
struct NesterovMomentum {
  using Member = NesterovDeltaRule;
};

template <class Momentum>
inline constexpr bool has_momentum = Momentum::Member::state_rows(1) > 1;

struct MomentumGateConfig {
  Index hidden_size = 0;
  Index num_v_heads = 0;
  double eta_max = 0.5;
  bool stable_gates = true;
  std::optional<double> initializer_range{};  ///< as in LinearConfig
};

/// Of all value heads; empty for a layer without momentum.
template <Real T>
struct MomentumGateParams {
  std::optional<LinearParams<T>> eta_proj;  // weight [HV, D], bias [HV]

  static constexpr auto fields() { return std::tuple{Field{"eta_proj", &MomentumGateParams::eta_proj}}; }
};

template <Real T>
[[nodiscard]] MomentumGateParams<T> momentum_gate_params(const MomentumGateConfig& config) {
  expect(config.eta_max > 0 && (config.stable_gates ? config.eta_max < 1 : config.eta_max <= 1),
         "eta_max: expected a number in (0, 1", config.stable_gates ? ") for stable gates" : "]", ", got ", config.eta_max);
  return {linear_params<T>({.in_features = config.hidden_size, .out_features = config.num_v_heads, .bias = true})};
}

/// Draws the parameters. Heads begin with eta / eta_max from uniform(0.1, 0.5): all have momentum, so that it is of use from
/// the first step of training; none has so much that its stable write strengths are small; and the sigmoid's slope is at least
/// a third of its largest, so that all can learn more of it or less.
template <Real T>
void initialize_momentum_gate(MomentumGateParams<T>& params, const MomentumGateConfig& config, Random& random) {
  initialize_linear(*params.eta_proj, config.initializer_range, random);
  for (T& entry : *params.eta_proj->bias) {
    const double share = random.uniform(0.1, 0.5);
    entry = static_cast<T>(std::log(share / (1 - share)));
  }
}

/// What a momentum gate makes of its tokens, and what its backward needs.
template <Real T>
struct MomentumGateCache {
  Matrix<T> share;    // [B T, HV]: sigmoid(eta_proj x)
  Tensor<T, 3> eta;   // [B, T, HV]
  Tensor<T, 3> beta;  // [B, T, HV]: the strengths to write with
};

/// Fills cache.eta and cache.beta from the tokens x [B, T, D], their decays g = log alpha and their strengths [B, T, HV]:
///
///   eta = eta_max sigmoid(eta_proj x),           beta = strength                                     or, with stable_gates,
///   eta = eta_max alpha sigmoid(eta_proj x),     beta = strength stable_beta(alpha, eta, eta_max)
///
/// With stable gates, strengths in [0, 1] and keys of length at most 1, max(|S|, |S + m Z|), m = 2 eta_max / (1 - eta_max), of
/// a memory S with momentum Z never grows but by what is written: no sequence of gates and keys can pump it. That needs alpha
/// in [0, 1] and stable_beta >= 0 at every token; the latter is why eta falls with alpha: it holds for every decay, also for
/// one below eta_max, since eta <= eta_max alpha <= eta_max (1 + alpha) / (1 + eta_max). Where alpha is near 1, and momentum of
/// use, the factor changes little.
template <Real T>
void momentum_gate(const MomentumGateConfig& config, const MomentumGateParams<T>& params, View<const T, 3> x,
                   std::type_identity_t<View<const T, 3>> g, std::type_identity_t<View<const T, 3>> strength,
                   MomentumGateCache<T>& cache) {
  const T eta_max = static_cast<T>(config.eta_max);
  cache.share.resize(g.rows().rows(), g.rows().cols());
  cache.eta.resize(g.shape);
  cache.beta.resize(g.shape);
  linear<T>(*params.eta_proj, x.rows(), cache.share);
  detail::for_each_range(g.size(), [&](Index begin, Index size) {
    for (Index i = begin; i < begin + size; ++i) {
      T& share = cache.share.data()[i];
      T& eta = cache.eta.data()[i];
      share = sigmoid(share);
      eta = eta_max * share;
      cache.beta.data()[i] = strength.data[i];
      if (!config.stable_gates) continue;
      const T alpha = std::exp(g.data[i]);
      eta *= alpha;
      cache.beta.data()[i] *= stable_beta(alpha, eta, eta_max);
    }
  });
}

/// Gradients by what a momentum gate made, eta and beta, which are written over, and by what it read beside the tokens.
template <Real T>
struct MomentumGateGradients {
  View<T, 3> eta;   // [B, T, HV]
  View<T, 3> beta;  // [B, T, HV]: in by beta, out by the strength
  View<T, 3> g;     // [B, T, HV]: added to
};

/// The gradients of `momentum_gate`; adds to dx [B T, D] and to those of the parameters.
//
// forward: beta = strength bound,   bound = (1 + alpha - eta (1 + m) / m) (1 - m) / (1 + m),   m = eta_max,
//          eta = m alpha share,   alpha = exp(g),   share = sigmoid(z),   z = eta_proj x      (without bound and alpha if not
//          stable)
// so:      dstrength = dbeta bound,   dbound = dbeta strength,   deta -= dbound (1 - m) / m,
//          dalpha = dbound (1 - m) / (1 + m) + deta m share,   dg += dalpha alpha,   dz = deta m alpha share (1 - share)
template <Real T>
void momentum_gate_backward(const MomentumGateConfig& config, const MomentumGateParams<T>& params, View<const T, 3> x,
                            std::type_identity_t<View<const T, 3>> g, std::type_identity_t<View<const T, 3>> strength,
                            const MomentumGateCache<T>& cache, std::type_identity_t<MomentumGateGradients<T>> d,
                            MatrixRef<T> dx, MomentumGateParams<T>& gradients) {
  const T m = static_cast<T>(config.eta_max);
  detail::for_each_range(g.size(), [&](Index begin, Index size) {
    for (Index i = begin; i < begin + size; ++i) {
      const T share = cache.share.data()[i];
      T& deta = d.eta.data[i];
      T dshare = m * deta;
      if (config.stable_gates) {
        const T alpha = std::exp(g.data[i]), dbound = d.beta.data[i] * strength.data[i];
        d.beta.data[i] *= stable_beta(alpha, cache.eta.data()[i], m);
        deta -= dbound * (1 - m) / m;
        d.g.data[i] += (dbound * (1 - m) / (1 + m) + deta * m * share) * alpha;
        dshare = m * alpha * deta;
      }
      deta = dshare * share * (1 - share);  // dz, in its place
    }
  });
  linear_backward<T>(*params.eta_proj, x.rows(), d.eta.rows(), dx, *gradients.eta_proj);
}

}  // namespace deltanet
