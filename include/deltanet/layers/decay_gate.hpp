#pragma once

#include <cmath>

#include "deltanet/core/activation.hpp"
#include "deltanet/core/packet_map.hpp"
#include "deltanet/layers/linear.hpp"
#include "deltanet/layers/time_step.hpp"

namespace deltanet {

/// How a layer makes the logarithm g <= 0 of its decay from the tokens.
enum class DecayGate {
  softplus,  ///< g = -exp(A_log) softplus(a_proj x + dt_bias): Mamba-2's and Gated DeltaNet's
  sigmoid    ///< g = log sigmoid(a_proj x + bias): the plain gate, alpha = sigmoid(W x + b)
};

/// Of all value heads. `A_log` and `dt_bias` belong to the softplus gate, `a_proj.bias` to the sigmoid.
template <Real T>
struct DecayGateParams {
  LinearParams<T> a_proj;            // weight [HV, D]
  std::optional<Vector<T>> A_log;    // [HV]
  std::optional<Vector<T>> dt_bias;  // [HV]

  static constexpr auto fields() {
    return std::tuple{Field{"a_proj", &DecayGateParams::a_proj}, Field{"A_log", &DecayGateParams::A_log, no_weight_decay},
                      Field{"dt_bias", &DecayGateParams::dt_bias, no_weight_decay}};
  }
};

template <Real T>
[[nodiscard]] DecayGateParams<T> decay_gate_params(DecayGate gate, Index hidden_size, Index num_v_heads) {
  const bool plain = gate == DecayGate::sigmoid;
  DecayGateParams<T> params{linear_params<T>({.in_features = hidden_size, .out_features = num_v_heads, .bias = plain}), {}, {}};
  if (!plain) params.A_log = params.dt_bias = Vector<T>::Zero(num_v_heads);
  return params;
}

/// Draws the parameters: A from uniform(0.01, 16), which has no logarithm of zero, and dt from exp(uniform(ln 0.001, ln 0.1))
/// with dt_bias its inverse softplus, as in Mamba-2. The plain gate begins with heads that remember 2 to 1000 tokens: alpha = 1
/// - 1/tau with tau from exp(uniform(ln 2, ln 1000)).
template <Real T>
void initialize_decay_gate(DecayGateParams<T>& params, std::optional<double> initializer_range, Random& random) {
  initialize_linear(params.a_proj, initializer_range, random);
  const auto draw = [&](Vector<T>& to, double low, double high, const auto& map) {
    for (T& entry : to) entry = static_cast<T>(map(random.uniform(low, high)));
  };
  if (params.a_proj.bias)
    draw(*params.a_proj.bias, std::log(2.0), std::log(1000.0), [](double log_tau) { return std::log(std::expm1(log_tau)); });
  if (params.A_log) draw(*params.A_log, 0.01, 16, [](double A) { return std::log(A); });
  if (params.dt_bias) initialize_time_step(*params.dt_bias, random);
}

/// What the backward of a decay gate needs.
template <Real T>
struct DecayGateCache {
  Matrix<T> z;     // [B T, HV]: a_proj x + dt_bias, or a_proj x + bias
  Tensor<T, 3> g;  // [B, T, HV]
};

/// Fills cache.g [B, T, HV] from the tokens x [B, T, D].
template <Real T>
void decay_gate(const DecayGateParams<T>& params, View<const T, 3> x, DecayGateCache<T>& cache) {
  const Index HV = params.a_proj.out_features();
  cache.z.resize(x.rows().rows(), HV);
  cache.g.resize(x.shape[0], x.shape[1], HV);
  linear<T>(params.a_proj, x.rows(), cache.z);
  if (params.dt_bias) cache.z.rowwise() += params.dt_bias->transpose();
  MatrixMap<T> g = rows(cache.g);
  const T sign = params.A_log ? T(1) : T(-1);
  detail::for_each_range(g.size(), [&](Index begin, Index size) {
    const auto minus_softplus = [sign](const auto& z) { return -softplus(sign * z); };
    detail::map_packets(size, g.data() + begin, minus_softplus, cache.z.data() + begin);
  });
  if (!params.A_log) return;
  const Vector<T> A = params.A_log->array().exp();
  g.array().rowwise() *= A.array().transpose();
}

/// The gradients of `decay_gate`, all added to: dx [B T, D] and those of the parameters.
//
// forward: g = -exp(A_log) softplus(z),   z = a_proj x + dt_bias         |   g = -softplus(-z),   z = a_proj x + bias
// so:      dz = -exp(A_log) sigmoid(z) dg,   ddt_bias += dz,             |   dz = sigmoid(-z) dg
//          dA_log += dg g
template <Real T>
void decay_gate_backward(const DecayGateParams<T>& params, View<const T, 3> x, const DecayGateCache<T>& cache,
                         std::type_identity_t<View<const T, 3>> dg, MatrixRef<T> dx, DecayGateParams<T>& gradients) {
  const MatrixMap<const T> z(cache.z.data(), cache.z.rows(), cache.z.cols());
  Matrix<T> dz(z.rows(), z.cols());
  const T sign = params.A_log ? T(1) : T(-1);
  detail::for_each_range(dz.size(), [&](Index begin, Index size) {
    const VectorMap<const T> z_part(z.data() + begin, size), dg_part(dg.data + begin, size);
    VectorMap<T>(dz.data() + begin, size).array() = -sign * sigmoid(sign * z_part.array()) * dg_part.array();
  });
  const Vector<T> ones = Vector<T>::Ones(dz.rows());
  if (params.A_log) {
    const Vector<T> A = params.A_log->array().exp();
    const Matrix<T> dg_g = dg.rows().cwiseProduct(rows(cache.g));
    dz.array().rowwise() *= A.array().transpose();
    gradients.A_log->noalias() += dg_g.transpose() * ones;
    gradients.dt_bias->noalias() += dz.transpose() * ones;
  }
  linear_backward<T>(params.a_proj, x.rows(), dz, dx, gradients.a_proj);
}

}  // namespace deltanet
