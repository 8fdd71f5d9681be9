#pragma once

#include "deltanet/core/zeros.hpp"
#include "deltanet/layers/gated_rms_norm.hpp"
#include "deltanet/layers/low_rank.hpp"

/// What every delta-rule layer makes of its read-outs: a norm over each head, a gate where wanted, and the way back to tokens.
namespace deltanet {

struct DeltaOutputConfig {
  Index hidden_size = 0;
  Index num_v_heads = 0;
  Index head_v_dim = 0;
  bool use_gate = true;
  NormGate gate = NormGate::silu;
  std::optional<Index> gate_rank{};  ///< g_proj is of this rank; where absent, one linear map without a bias
  bool gate_bias = true;             ///< a g_proj of low rank has a bias
  double norm_eps = 1e-5;
  std::optional<double> initializer_range{};

  [[nodiscard]] Index value_dim() const { return num_v_heads * head_v_dim; }
};

template <Real T>
struct DeltaOutputParams {
  std::optional<LinearParams<T>> g_proj;       // weight [HV V, D]
  std::optional<LowRankParams<T>> g_low_rank;  // the same of low rank, by the same name
  RMSNormParams<T> o_norm;                     // weight [V], one for all heads
  LinearParams<T> o_proj;                      // weight [D, HV V]

  static constexpr auto fields() {
    using P = DeltaOutputParams;
    return std::tuple{Field{"g_proj", &P::g_proj}, Field{"g_proj", &P::g_low_rank}, Field{"o_norm", &P::o_norm},
                      Field{"o_proj", &P::o_proj}};
  }
};

template <Real T>
struct DeltaOutputCache {
  Tensor<T, 4> o;   // [B, T, HV, V]: what the scan read
  Matrix<T> inner;  // [B T, R]: within a g_proj of low rank
  Matrix<T> gate;   // [B T, HV V]: g_proj x
  Matrix<T> gated;  // [B T, HV V]: what o_proj reads
};

template <Real T>
[[nodiscard]] DeltaOutputParams<T> delta_output_params(const DeltaOutputConfig& config) {
  expect(config.norm_eps > 0, "norm_eps: expected more than 0, got ", config.norm_eps);
  DeltaOutputParams<T> params;
  if (config.use_gate && config.gate_rank)
    params.g_low_rank = low_rank_params<T>({.in_features = config.hidden_size,
                                            .rank = *config.gate_rank,
                                            .out_features = config.value_dim(),
                                            .bias = config.gate_bias});
  else if (config.use_gate)
    params.g_proj = linear_params<T>({.in_features = config.hidden_size, .out_features = config.value_dim(), .bias = false});
  params.o_norm.weight.setOnes(config.head_v_dim);
  params.o_proj = linear_params<T>({.in_features = config.value_dim(), .out_features = config.hidden_size, .bias = false});
  return params;
}

template <Real T>
void initialize_delta_output(DeltaOutputParams<T>& params, const DeltaOutputConfig& config, Random& random) {
  if (params.g_proj) initialize_linear(*params.g_proj, config.initializer_range, random);
  if (params.g_low_rank) initialize_low_rank(*params.g_low_rank, config.initializer_range, random);
  params.o_norm.weight.setOnes();
  initialize_linear(params.o_proj, config.initializer_range, random);
}

/// y = o_proj(o_norm(o) act(g_proj x)), without the gate where there is no g_proj. Reads cache.o [B, T, HV, V] and the tokens
/// x [B, T, D], fills the rest of the cache, returns y [B, T, D]. Products are summed as the pass asks.
template <Real T>
[[nodiscard]] Tensor<T, 3> delta_output(const DeltaOutputConfig& config, const DeltaOutputParams<T>& params, View<const T, 3> x,
                                        DeltaOutputCache<T>& cache, Pass pass = Pass::inference) {
  const Index tokens = x.shape[0] * x.shape[1], heads = tokens * config.num_v_heads, V = config.head_v_dim;
  cache.gated.resize(tokens, config.value_dim());
  MatrixMap<T> gated(cache.gated.data(), heads, V);
  if (config.use_gate) {
    cache.gate.resize(tokens, config.value_dim());
    if (params.g_low_rank)
      low_rank<T>(*params.g_low_rank, x.rows(), cache.inner, cache.gate, pass);
    else
      linear<T>(*params.g_proj, x.rows(), cache.gate, pass);
    const MatrixMap<const T> gate(cache.gate.data(), heads, V);
    gated_rms_norm<T>(params.o_norm, config.norm_eps, config.gate, rows(cache.o), gate, gated);
  } else {
    rms_norm<T>(params.o_norm, config.norm_eps, rows(cache.o), gated);
  }
  Tensor<T, 3> y(x.shape);
  linear<T>(params.o_proj, cache.gated, rows(y), pass);
  return y;
}

/// The gradients of `delta_output`: returns that by o; adds to dx [B T, D] and to those of the parameters.
template <Real T>
[[nodiscard]] Tensor<T, 4> delta_output_backward(const DeltaOutputConfig& config, const DeltaOutputParams<T>& params,
                                                 View<const T, 3> x, const DeltaOutputCache<T>& cache,
                                                 std::type_identity_t<View<const T, 3>> dy, MatrixRef<T> dx,
                                                 DeltaOutputParams<T>& gradients) {
  const Index tokens = x.shape[0] * x.shape[1], heads = tokens * config.num_v_heads, V = config.head_v_dim;
  Matrix<T> dgated = zero_matrix<T>(tokens, config.value_dim());
  linear_backward<T>(params.o_proj, cache.gated, dy.rows(), dgated, gradients.o_proj);
  const MatrixMap<T> dnormed(dgated.data(), heads, V);
  Tensor<T, 4> d_o(cache.o.dimensions());
  if (config.use_gate) {
    Matrix<T> dgate(tokens, config.value_dim());
    gated_rms_norm_backward<T>(params.o_norm, config.norm_eps, config.gate, rows(cache.o),
                               MatrixMap<const T>(cache.gate.data(), heads, V), dnormed,
                               {rows(d_o), MatrixMap<T>(dgate.data(), heads, V)}, gradients.o_norm);
    if (params.g_low_rank)
      low_rank_backward<T>(*params.g_low_rank, x.rows(), cache.inner, dgate, dx, *gradients.g_low_rank);
    else
      linear_backward<T>(*params.g_proj, x.rows(), dgate, dx, *gradients.g_proj);
  } else {
    rms_norm_backward<T>(params.o_norm, config.norm_eps, rows(cache.o), dnormed, rows(d_o), gradients.o_norm);
  }
  return d_o;
}

}  // namespace deltanet
