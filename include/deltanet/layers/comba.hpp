#pragma once

#include "deltanet/layers/comba_keys.hpp"
#include "deltanet/layers/decay_gate.hpp"
#include "deltanet/layers/delta_config.hpp"
#include "deltanet/layers/delta_layer.hpp"
#include "deltanet/memory/comba.hpp"

namespace deltanet {

/// Sizes and options of Comba. Names and defaults are flash-linear-attention's.
struct CombaConfig {
  Index hidden_size = 2048;
  double expand_v = 2;  ///< V = head_dim * expand_v
  Index head_dim = 256;
  Index num_heads = 6;
  std::optional<Index> num_v_heads{};  ///< a multiple of num_heads; num_heads where absent
  bool use_short_conv = true;
  bool use_output_gate = true;
  bool use_output_correction = true;  ///< q <- q - D p
  bool use_inner_decay = true;        ///< p = sigmoid(decay) k; else p = k
  double correction_factor = 1;       ///< what D begins with; 0.02 is better at times for small models, says the source
  Index conv_size = 4;
  bool conv_bias = false;
  double norm_eps = 1e-5;
  /// Weights are drawn from normal(0, initializer_range); where absent, as PyTorch draws those of nn.Linear and nn.Conv1d.
  std::optional<double> initializer_range{};

  [[nodiscard]] Index value_heads() const { return num_v_heads.value_or(num_heads); }
  [[nodiscard]] Index head_v_dim() const { return static_cast<Index>(static_cast<double>(head_dim) * expand_v); }

  [[nodiscard]] DeltaInputsConfig inputs() const { return delta_inputs_of(*this); }
  [[nodiscard]] DeltaOutputConfig output() const { return delta_output_of(*this, use_output_gate, NormGate::sigmoid); }
};

template <Real T>
struct CombaParams : DeltaInputsParams<T>, DecayGateParams<T>, CombaKeysParams<T>, DeltaOutputParams<T> {
  static constexpr auto fields() {
    return std::tuple_cat(DeltaInputsParams<T>::fields(), DecayGateParams<T>::fields(), CombaKeysParams<T>::fields(),
                          DeltaOutputParams<T>::fields());
  }
};

/// What its gates keep for backward.
template <Real T>
struct CombaGates {
  DecayGateCache<T> decay;
  CombaKeysCache<T> keys;
};

/// Comba, arXiv 2506.02475, as flash-linear-attention's layer Comba:
///
///   q, k, v = silu(conv(q_proj x)), silu(conv(k_proj x)), silu(conv(v_proj x)),   p = sigmoid(decay) k,   q <- q - D p,
///   then q, k and p of unit length,   beta = sigmoid(b_proj x),   g = -exp(A_log) softplus(a_proj x + dt_bias)
///   S_t = exp(g_t) S_{t-1} + beta_t k_t (v_t - S_{t-1}^T p_t)^T,   o_t = K^-0.5 S_t^T q_t       (for every value head)
///   y = o_proj(o_norm(o) sigmoid(g_proj x))                                           (the gate where use_output_gate)
///
/// As in flash-linear-attention p is brought to unit length after its decay, which so is lost on the prediction (p = k, but for
/// the epsilon of the norm) and acts only on the queries; the paper's prediction is weaker by sigmoid(decay). This layer gives
/// what weights trained there were trained with. Predictions are from the undecayed state, as in the paper and its kernels.
/// p, like k, is of the key heads; with grouped value heads the source does not repeat it, and fails.
///
/// [B, T, D] -> [B, T, D]. A state given to `forward` counts as a constant: no gradient reaches the tokens before it.
template <Real T>
class Comba : public DeltaLayer<Comba<T>, T, CombaDeltaRule, CombaConfig, CombaParams<T>, CombaGates<T>> {
  using Base = DeltaLayer<Comba, T, CombaDeltaRule, CombaConfig, CombaParams<T>, CombaGates<T>>;
  friend Base;

 public:
  using Base::config, Base::params;
  using typename Base::Cache, typename Base::Config, typename Base::Params, typename Base::State;

  explicit Comba(const Config& config_) : Base(checked(config_)) {
    static_cast<DecayGateParams<T>&>(params) =
        decay_gate_params<T>(DecayGate::softplus, config.hidden_size, config.value_heads());
    if (config.use_inner_decay) params.decay = Vector<T>::Zero(config.num_heads);
    if (config.use_output_correction) params.D = Vector<T>::Zero(config.num_heads);
  }

 private:
  static const Config& checked(const Config& config) {
    expect_integral_head_v_dim(config);
    return config;
  }

  void initialize_gates(Random& random) {
    initialize_decay_gate<T>(params, config.initializer_range, random);
    if (params.decay) params.decay->setOnes();
    if (params.D) params.D->setConstant(static_cast<T>(config.correction_factor));
  }

  void gates(View<const T, 3> x, Cache& cache) const {
    decay_gate<T>(params, x, cache.decay);
    comba_keys<T>(params, config.num_heads, cache.inputs.q.out, cache.inputs.k.out, cache.keys);
  }

  void gates_backward(const Cache& cache, auto& d, MatrixRef<T> dx, Params& gradients) const {
    comba_keys_backward<T>(params, config.num_heads, cache.inputs.k.out, cache.keys,
                           {detail::as_row_of_heads(d.q), detail::as_row_of_heads(d.p), detail::as_row_of_heads(d.k)},
                           gradients);
    decay_gate_backward<T>(params, cache.x, cache.decay, d.g, dx, gradients);
  }

  [[nodiscard]] CombaDeltaRule::Inputs<T> scan_inputs(const Cache& cache) const {
    const auto& in = cache.inputs;
    return {.q = detail::as_heads<const T>(cache.keys.q, config.num_heads),
            .k = detail::as_heads<const T>(in.k.out, config.num_heads),
            .v = detail::as_heads<const T>(in.v.out, config.value_heads()),
            .p = detail::as_heads<const T>(cache.keys.p, config.num_heads),
            .beta = in.beta,
            .g = cache.decay.g};
  }
};

static_assert(Layer<Comba<float>>);

}  // namespace deltanet
