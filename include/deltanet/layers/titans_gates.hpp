#pragma once

#include "deltanet/layers/decay_gate.hpp"
#include "deltanet/layers/sigmoid_gate.hpp"
#include "deltanet/memory/titans_update.hpp"

/// What Titans' update makes of its tokens beside keys and values: step size, momentum and decay.
namespace deltanet {

struct TitansGatesConfig {
  Index hidden_size = 0;
  Index num_heads = 0;
  double theta_max = 1;
  double eta_max = 0;                         ///< 0 for no momentum
  std::optional<double> initializer_range{};  ///< as in LinearConfig
};

template <Real T>
struct TitansGatesParams : DecayGateParams<T> {
  LinearParams<T> theta_proj;               // weight [H, D], bias [H]
  std::optional<LinearParams<T>> eta_proj;  // the same; absent where there is no momentum

  static constexpr auto fields() {
    using P = TitansGatesParams;
    return std::tuple_cat(DecayGateParams<T>::fields(),
                          std::tuple{Field{"theta_proj", &P::theta_proj}, Field{"eta_proj", &P::eta_proj}});
  }
};

template <Real T>
[[nodiscard]] TitansGatesParams<T> memory_gates_params(const TitansGatesConfig& config) {
  expect(config.theta_max > 0, "theta_max: expected more than 0, got ", config.theta_max);
  expect(config.eta_max >= 0 && config.eta_max < 1, "eta_max: expected a number in [0, 1), got ", config.eta_max);
  const auto projection = [&] {
    return linear_params<T>({.in_features = config.hidden_size, .out_features = config.num_heads, .bias = true});
  };
  TitansGatesParams<T> params{decay_gate_params<T>(DecayGate::sigmoid, config.hidden_size, config.num_heads), projection(), {}};
  if (config.eta_max > 0) params.eta_proj = projection();
  return params;
}

/// Draws the parameters; theta and eta begin at half of what they may be, where a sigmoid's slope is largest.
template <Real T>
void initialize_memory_gates(TitansGatesParams<T>& params, const TitansGatesConfig& config, Random& random) {
  initialize_decay_gate<T>(params, config.initializer_range, random);
  initialize_linear(params.theta_proj, config.initializer_range, random);
  params.theta_proj.bias->setZero();
  if (!params.eta_proj) return;
  initialize_linear(*params.eta_proj, config.initializer_range, random);
  params.eta_proj->bias->setZero();
}

template <Real T>
struct TitansGatesCache {
  Tensor<T, 3> theta, eta;  // [B, T, H]
  DecayGateCache<T> decay;
};

/// theta = theta_max sigmoid(theta_proj x) in (0, theta_max),   eta = eta_max sigmoid(eta_proj x) in (0, eta_max), or 0,
/// g = log sigmoid(a_proj x). Fills the cache from the tokens x [B, T, D]; where they are in their mini-batches does not
/// matter.
template <Real T>
void memory_gates(const TitansGatesConfig& config, const TitansGatesParams<T>& params, View<const T, 3> x,
                  const Vector<T>& /*position*/, const Sequences& /*sequences*/, TitansGatesCache<T>& cache) {
  for (auto* gate : {&cache.theta, &cache.eta}) gate->resize(x.shape[0], x.shape[1], config.num_heads);
  sigmoid_gate<T>(params.theta_proj, static_cast<T>(config.theta_max), x.rows(), rows(cache.theta));
  if (params.eta_proj)
    sigmoid_gate<T>(*params.eta_proj, static_cast<T>(config.eta_max), x.rows(), rows(cache.eta));
  else
    cache.eta.setZero();
  decay_gate<T>(params, x, cache.decay);
}

/// Puts the gates among the update's inputs.
template <Real T>
void set_memory_gates(const TitansGatesCache<T>& cache, TitansUpdate::Inputs<T>& in) {
  in.theta = cache.theta;
  in.g = cache.decay.g;
  in.eta = cache.eta;
}

/// The gradients of `memory_gates`, given those by the update's inputs, which are written over: adds to dx [B T, D] and to
/// those of the parameters.
template <Real T>
void memory_gates_backward(const TitansGatesConfig& config, const TitansGatesParams<T>& params, View<const T, 3> x,
                           const TitansGatesCache<T>& cache, TitansUpdate::Gradients<T>& d, MatrixRef<T> dx,
                           TitansGatesParams<T>& gradients) {
  sigmoid_gate_backward<T>(params.theta_proj, static_cast<T>(config.theta_max), x.rows(), rows(cache.theta), rows(d.theta), dx,
                           gradients.theta_proj);
  if (params.eta_proj)
    sigmoid_gate_backward<T>(*params.eta_proj, static_cast<T>(config.eta_max), x.rows(), rows(cache.eta), rows(d.eta), dx,
                             *gradients.eta_proj);
  decay_gate_backward<T>(params, x, cache.decay, d.g, dx, gradients);
}

}  // namespace deltanet
