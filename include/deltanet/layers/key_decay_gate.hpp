#pragma once

#include "deltanet/core/activation.hpp"
#include "deltanet/core/packet_map.hpp"
#include "deltanet/layers/low_rank.hpp"
#include "deltanet/layers/time_step.hpp"

namespace deltanet {

/// How a layer makes the logarithm g <= 0 of a decay a key channel, with z the low-rank projection of the tokens. Where there
/// is A_log, z includes dt_bias.
enum class KeyDecayGate {
  softplus,  ///< g = -exp(A_log) softplus(z): Kimi delta attention's
  bounded,   ///< g = lower_bound sigmoid(exp(A_log) z): the same kept above a bound
  sigmoid    ///< g = log sigmoid(z) / gate_logit_normalizer: gated linear attention's
};

struct KeyDecayGateConfig {
  Index hidden_size = 0;
  Index rank = 0;  ///< of the projection
  Index num_heads = 0;
  Index head_k_dim = 0;
  KeyDecayGate gate = KeyDecayGate::softplus;
  double lower_bound = -5;                    ///< of the bounded gate, below 0
  double gate_logit_normalizer = 16;          ///< of the sigmoid gate, above 0
  double greatest_A = 16;                     ///< A_log is drawn from log(uniform(1, greatest_A))
  std::optional<double> initializer_range{};  ///< as in LinearConfig

  [[nodiscard]] Index key_dim() const { return num_heads * head_k_dim; }
};

/// `A_log` and `dt_bias` belong to the softplus and bounded gates, `f_proj.1.bias` to the sigmoid.
template <Real T>
struct KeyDecayGateParams {
  LowRankParams<T> f_proj;           // [D] -> [H K]
  std::optional<Vector<T>> A_log;    // [H]
  std::optional<Vector<T>> dt_bias;  // [H K]

  static constexpr auto fields() {
    using P = KeyDecayGateParams;
    return std::tuple{Field{"f_proj", &P::f_proj}, Field{"A_log", &P::A_log, no_weight_decay},
                      Field{"dt_bias", &P::dt_bias, no_weight_decay}};
  }
};

template <Real T>
[[nodiscard]] KeyDecayGateParams<T> key_decay_gate_params(const KeyDecayGateConfig& config) {
  expect(config.lower_bound < 0, "lower_bound: expected less than 0, got ", config.lower_bound);
  expect(config.gate_logit_normalizer > 0, "gate_logit_normalizer: expected more than 0, got ", config.gate_logit_normalizer);
  const bool plain = config.gate == KeyDecayGate::sigmoid;
  KeyDecayGateParams<T> params;
  params.f_proj = low_rank_params<T>(
      {.in_features = config.hidden_size, .rank = config.rank, .out_features = config.key_dim(), .bias = plain});
  if (!plain) {
    params.A_log = Vector<T>::Zero(config.num_heads);
    params.dt_bias = Vector<T>::Zero(config.key_dim());
  }
  return params;
}

/// Draws the parameters.
template <Real T>
void initialize_key_decay_gate(KeyDecayGateParams<T>& params, const KeyDecayGateConfig& config, Random& random) {
  initialize_low_rank(params.f_proj, config.initializer_range, random);
  if (params.A_log)
    for (T& entry : *params.A_log) entry = static_cast<T>(std::log(random.uniform(1, config.greatest_A)));
  if (params.dt_bias) initialize_time_step(*params.dt_bias, random);
}

/// What the backward of a key decay gate needs.
template <Real T>
struct KeyDecayGateCache {
  Matrix<T> inner;  // [B T, R]: within the projection
  Matrix<T> z;      // [B T, H K]: f_proj x + dt_bias
  Tensor<T, 4> g;   // [B, T, H, K]
};

namespace detail {

/// What z or its softplus is multiplied by: exp(A_log) of the channel's head, or 1 / normalizer. [H K]
template <Real T>
[[nodiscard]] Vector<T> key_decay_rates(const KeyDecayGateConfig& config, const KeyDecayGateParams<T>& params) {
  Matrix<T> rates(config.num_heads, config.head_k_dim);
  if (params.A_log) {
    const Vector<T> A = params.A_log->array().exp();
    rates.colwise() = VectorMap<const T>(A.data(), A.size());
  } else {
    rates.setConstant(static_cast<T>(1 / config.gate_logit_normalizer));
  }
  return VectorMap<const T>(rates.data(), rates.size());
}

}  // namespace detail

/// Fills cache.g [B, T, H, K] from the tokens x [B, T, D]. The products are summed as the pass asks.
template <Real T>
void key_decay_gate(const KeyDecayGateConfig& config, const KeyDecayGateParams<T>& params, View<const T, 3> x,
                    KeyDecayGateCache<T>& cache, Pass pass = Pass::inference) {
  const Index tokens = x.shape[0] * x.shape[1], width = config.key_dim();
  cache.z.resize(tokens, width);
  cache.g.resize(x.shape[0], x.shape[1], config.num_heads, config.head_k_dim);
  low_rank<T>(params.f_proj, x.rows(), cache.inner, cache.z, pass);
  if (params.dt_bias) cache.z.rowwise() += params.dt_bias->transpose();
  const Vector<T> rates = detail::key_decay_rates(config, params);
  const T bound = static_cast<T>(config.lower_bound), sign = params.A_log ? T(1) : T(-1);
  detail::RowPieces(tokens, width).for_each([&](Index, Index first, Index count) {
    for (Index i = first; i < first + count; ++i) {
      const auto fill = [&](const auto& gate) {
        detail::map_packets(width, cache.g.data() + i * width, gate, std::as_const(cache.z).row(i).data(), rates.data());
      };
      if (config.gate == KeyDecayGate::bounded)
        fill([bound](const auto& z, const auto& rate) { return bound * sigmoid(rate * z); });
      else
        fill([sign](const auto& z, const auto& rate) { return -rate * softplus(sign * z); });
    }
  });
}

/// The gradients of `key_decay_gate`, all added to: dx [B T, D] and those of the parameters.
//
// forward: g = -r softplus(z)        |   g = L sigmoid(r z)                |   g = -r softplus(-z)     r = exp(A_log)
// so:      dz = -r sigmoid(z) dg,    |   dz = r e,   e = dg g (1 - g / L)  |   dz = r sigmoid(-z) dg      or 1 / normalizer
//          dA_log += dg g            |   dA_log += e r z                   |
template <Real T>
void key_decay_gate_backward(const KeyDecayGateConfig& config, const KeyDecayGateParams<T>& params, View<const T, 3> x,
                             const KeyDecayGateCache<T>& cache, std::type_identity_t<View<const T, 4>> dg, MatrixRef<T> dx,
                             KeyDecayGateParams<T>& gradients) {
  const Index tokens = cache.z.rows(), width = cache.z.cols();
  const Vector<T> rates = detail::key_decay_rates(config, params);
  const T bound = static_cast<T>(config.lower_bound), sign = params.A_log ? T(1) : T(-1);
  Matrix<T> dz(tokens, width), dlog(tokens, width);  // dlog: by log r
  detail::RowPieces(tokens, width).for_each([&](Index, Index first, Index count) {
    for (Index i = first; i < first + count; ++i) {
      const VectorMap<const T> z(cache.z.row(i).data(), width), g(cache.g.data() + i * width, width);
      const VectorMap<const T> dg_row(dg.data + i * width, width);
      VectorMap<T> dz_row(dz.row(i).data(), width), dlog_row(dlog.row(i).data(), width);
      dlog_row = dg_row.cwiseProduct(g);
      if (config.gate == KeyDecayGate::bounded) {
        dz_row.array() = rates.array() * dlog_row.array() * (T(1) - g.array() / bound);
        dlog_row = dz_row.cwiseProduct(z);
      } else {
        dz_row.array() = -sign * rates.array() * sigmoid(sign * z.array()) * dg_row.array();
      }
    }
  });
  if (params.A_log) {
    const Vector<T> ones = Vector<T>::Ones(tokens);
    const Vector<T> by_channel = dlog.transpose() * ones;
    *gradients.A_log += MatrixMap<const T>(by_channel.data(), config.num_heads, config.head_k_dim).rowwise().sum();
    gradients.dt_bias->noalias() += dz.transpose() * ones;
  }
  low_rank_backward<T>(params.f_proj, x.rows(), cache.inner, dz, dx, gradients.f_proj);
}

}  // namespace deltanet
