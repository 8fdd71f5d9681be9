#pragma once

#include "deltanet/layers/delta_config.hpp"
#include "deltanet/layers/delta_layer.hpp"
#include "deltanet/layers/key_decay_gate.hpp"
#include "deltanet/memory/delta_rule.hpp"

namespace deltanet {

/// What Kimi delta attention and Gated DeltaNet-2 make of the options they share.
namespace detail {

/// The decay of `heads` heads, bounded where there is a bound.
template <class Config>
[[nodiscard]] KeyDecayGateConfig kimi_decay(const Config& config, Index heads, std::optional<double> bound) {
  return {.hidden_size = config.hidden_size,
          .rank = config.head_v_dim(),
          .num_heads = heads,
          .head_k_dim = config.head_dim,
          .gate = bound ? KeyDecayGate::bounded : KeyDecayGate::softplus,
          .lower_bound = bound.value_or(-5),
          .initializer_range = config.initializer_range};
}

/// The output, its gate a sigmoid of low rank.
template <class Config>
[[nodiscard]] DeltaOutputConfig kimi_output(const Config& config) {
  DeltaOutputConfig output = delta_output_of(config, true, NormGate::sigmoid);
  output.gate_rank = config.head_v_dim();
  return output;
}

}  // namespace detail

/// Sizes and options of Kimi delta attention. Names and defaults are flash-linear-attention's.
struct KimiDeltaAttentionConfig {
  Index hidden_size = 2048;
  double expand_v = 1;  ///< V = head_dim * expand_v
  Index head_dim = 128;
  Index num_heads = 16;
  std::optional<Index> num_v_heads{};  ///< a multiple of num_heads; num_heads where absent
  bool use_short_conv = true;
  bool allow_neg_eigval = false;
  bool safe_gate = false;               ///< A_log begins at 0; needs a lower_bound
  std::optional<double> lower_bound{};  ///< of g, below 0, usually -5; where absent g has none
  Index conv_size = 4;
  bool conv_bias = false;
  bool gate_bias = true;  ///< of the output gate; Hugging Face's Kimi-Linear has none
  double norm_eps = 1e-5;
  /// Weights are drawn from normal(0, initializer_range); where absent, as PyTorch draws those of nn.Linear and nn.Conv1d.
  std::optional<double> initializer_range{};

  [[nodiscard]] Index value_heads() const { return num_v_heads.value_or(num_heads); }
  [[nodiscard]] Index head_v_dim() const { return static_cast<Index>(static_cast<double>(head_dim) * expand_v); }

  [[nodiscard]] DeltaInputsConfig inputs() const { return delta_inputs_of(*this); }
  [[nodiscard]] KeyDecayGateConfig decay() const {
    KeyDecayGateConfig decay = detail::kimi_decay(*this, value_heads(), lower_bound);
    if (safe_gate) decay.greatest_A = 1;
    return decay;
  }
  [[nodiscard]] DeltaOutputConfig output() const {
    DeltaOutputConfig output = detail::kimi_output(*this);
    output.gate_bias = gate_bias;
    return output;
  }
};

template <Real T>
struct KimiDeltaAttentionParams : DeltaInputsParams<T>, KeyDecayGateParams<T>, DeltaOutputParams<T> {
  static constexpr auto fields() {
    return std::tuple_cat(DeltaInputsParams<T>::fields(), KeyDecayGateParams<T>::fields(), DeltaOutputParams<T>::fields());
  }
};

/// What its gate keeps for backward.
template <Real T>
struct KimiDeltaAttentionGates {
  KeyDecayGateCache<T> decay;
};

/// Kimi delta attention, arXiv 2510.26692, as flash-linear-attention's layer KimiDeltaAttention: Gated DeltaNet with one decay
/// a key channel, made by a projection of rank V, and an output gate of rank V:
///
///   q, k, v = silu(conv(q_proj x)), silu(conv(k_proj x)), silu(conv(v_proj x)),   q and k of unit length,
///   beta = sigmoid(b_proj x),   g = -exp(A_log) softplus(f_proj x + dt_bias)   (or bounded, see KeyDecayGate)
///   S' = diag(exp(g_t)) S_{t-1},   S_t = S' + beta_t k_t (v_t - S'^T k_t)^T,   o_t = K^-0.5 S_t^T q_t   (for every value head)
///   y = o_proj(o_norm(o) sigmoid(g_proj x))
///
/// [B, T, D] -> [B, T, D]. A state given to `forward` counts as a constant: no gradient reaches the tokens before it.
template <Real T>
class KimiDeltaAttention : public DeltaLayer<KimiDeltaAttention<T>, T, KimiDeltaRule, KimiDeltaAttentionConfig,
                                             KimiDeltaAttentionParams<T>, KimiDeltaAttentionGates<T>> {
  using Base = DeltaLayer<KimiDeltaAttention, T, KimiDeltaRule, KimiDeltaAttentionConfig, KimiDeltaAttentionParams<T>,
                          KimiDeltaAttentionGates<T>>;
  friend Base;

 public:
  using Base::config, Base::params;
  using typename Base::Cache, typename Base::Config, typename Base::Params, typename Base::State;

  explicit KimiDeltaAttention(const Config& config_) : Base(checked(config_)) {
    static_cast<KeyDecayGateParams<T>&>(params) = key_decay_gate_params<T>(config.decay());
  }

 private:
  static const Config& checked(const Config& config) {
    expect_integral_head_v_dim(config);
    expect(!config.safe_gate || config.lower_bound, "lower_bound: expected one with safe_gate, got none");
    return config;
  }

  void initialize_gates(Random& random) { initialize_key_decay_gate<T>(params, config.decay(), random); }

  void gates(View<const T, 3> x, Cache& cache) const {
    key_decay_gate<T>(config.decay(), params, x, cache.decay, cache.inputs.pass);
  }
  void gates_backward(const Cache& cache, const auto& d, MatrixRef<T> dx, Params& gradients) const {
    key_decay_gate_backward<T>(config.decay(), params, cache.x, cache.decay, d.g, dx, gradients);
  }

  [[nodiscard]] KimiDeltaRule::Inputs<T> scan_inputs(const Cache& cache) const {
    const auto& in = cache.inputs;
    return {.q = detail::as_heads<const T>(in.q.out, config.num_heads),
            .k = detail::as_heads<const T>(in.k.out, config.num_heads),
            .v = detail::as_heads<const T>(in.v.out, config.value_heads()),
            .beta = in.beta,
            .g = cache.decay.g};
  }
};

static_assert(Layer<KimiDeltaAttention<float>>);

}  // namespace deltanet
