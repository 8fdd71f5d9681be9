#pragma once

#include "deltanet/layers/delta_layer.hpp"
#include "deltanet/layers/key_decay_gate.hpp"
#include "deltanet/memory/hebbian.hpp"

namespace deltanet {

/// Sizes and options of gated linear attention. Names and defaults are flash-linear-attention's.
struct GatedLinearAttentionConfig {
  Index hidden_size = 1024;
  double expand_k = 0.5;  ///< key_dim = hidden_size * expand_k, over all heads
  double expand_v = 1;    ///< value_dim = hidden_size * expand_v
  Index num_heads = 4;
  bool use_short_conv = false;
  Index conv_size = 4;
  bool conv_bias = false;
  bool use_output_gate = true;
  double norm_eps = 1e-5;
  double gate_logit_normalizer = 16;  ///< the larger, the longer a new layer remembers
  Index gate_low_rank_dim = 16;
  /// Weights are drawn from normal(0, initializer_range); where absent, as PyTorch draws those of nn.Linear and nn.Conv1d.
  std::optional<double> initializer_range{};

  [[nodiscard]] Index key_dim() const { return static_cast<Index>(static_cast<double>(hidden_size) * expand_k); }
  [[nodiscard]] Index value_dim() const { return static_cast<Index>(static_cast<double>(hidden_size) * expand_v); }

  /// Values pass through silu only where queries and keys do.
  [[nodiscard]] DeltaInputsConfig inputs() const {
    const FeatureMap activation = use_short_conv ? FeatureMap::silu : FeatureMap::identity;
    return {.hidden_size = hidden_size,
            .num_heads = num_heads,
            .num_v_heads = num_heads,
            .head_k_dim = key_dim() / num_heads,
            .head_v_dim = value_dim() / num_heads,
            .use_beta = false,
            .use_short_conv = use_short_conv,
            .conv_size = conv_size,
            .conv_bias = conv_bias,
            .qk_activation = activation,
            .v_activation = activation,
            .qk_norm = QKNorm::none,
            .initializer_range = initializer_range};
  }
  [[nodiscard]] KeyDecayGateConfig decay() const {
    return {.hidden_size = hidden_size,
            .rank = gate_low_rank_dim,
            .num_heads = num_heads,
            .head_k_dim = key_dim() / num_heads,
            .gate = KeyDecayGate::sigmoid,
            .gate_logit_normalizer = gate_logit_normalizer,
            .initializer_range = initializer_range};
  }
  [[nodiscard]] DeltaOutputConfig output() const {
    return {.hidden_size = hidden_size,
            .num_v_heads = num_heads,
            .head_v_dim = value_dim() / num_heads,
            .use_gate = use_output_gate,
            .norm_eps = norm_eps,
            .initializer_range = initializer_range};
  }
};

/// The parts' parameters by this layer's names. The norm has the name of flash-linear-attention's gated one without the gate
/// too.
template <Real T>
struct GatedLinearAttentionParams : DeltaInputsParams<T>, KeyDecayGateParams<T>, DeltaOutputParams<T> {
  static constexpr auto fields() {
    using P = GatedLinearAttentionParams;
    return std::tuple_cat(DeltaInputsParams<T>::fields(),
                          std::tuple{Field{"gk_proj", &P::f_proj}, Field{"g_proj", &P::g_proj},
                                     Field{"g_norm_swish_gate", &P::o_norm}, Field{"o_proj", &P::o_proj}});
  }
};

/// What its gate keeps for backward.
template <Real T>
struct GatedLinearAttentionGates {
  KeyDecayGateCache<T> decay;
};

/// Gated linear attention, arXiv 2312.06635, as flash-linear-attention's layer GatedLinearAttention: Hebb's rule, with one
/// decay a key channel made by a projection of low rank:
///
///   q, k, v = q_proj x, k_proj x, v_proj x   (with use_short_conv silu(conv(q_proj x)) and so on; never normalised),
///   g = log sigmoid(gk_proj x) / gate_logit_normalizer
///   S_t = diag(exp(g_t)) S_{t-1} + k_t v_t^T,   o_t = K^-0.5 S_t^T q_t                            (for every head)
///   y = o_proj(norm(o) silu(g_proj x))                                       (the gate where use_output_gate)
///
/// [B, T, D] -> [B, T, D]. A state given to `forward` counts as a constant: no gradient reaches the tokens before it.
template <Real T>
class GatedLinearAttention : public DeltaLayer<GatedLinearAttention<T>, T, GatedLinearAttentionRule, GatedLinearAttentionConfig,
                                               GatedLinearAttentionParams<T>, GatedLinearAttentionGates<T>> {
  using Base = DeltaLayer<GatedLinearAttention, T, GatedLinearAttentionRule, GatedLinearAttentionConfig,
                          GatedLinearAttentionParams<T>, GatedLinearAttentionGates<T>>;
  friend Base;

 public:
  using Base::config, Base::params;
  using typename Base::Cache, typename Base::Config, typename Base::Params, typename Base::State;

  explicit GatedLinearAttention(const Config& config_) : Base(checked(config_)) {
    static_cast<KeyDecayGateParams<T>&>(params) = key_decay_gate_params<T>(config.decay());
  }

 private:
  static const Config& checked(const Config& config) {
    expect(config.num_heads > 0, "num_heads: expected at least 1, got ", config.num_heads);
    expect(config.key_dim() % config.num_heads == 0 && config.value_dim() % config.num_heads == 0,
           "num_heads: expected a divisor of hidden_size * expand_k = ", config.key_dim(),
           " and of hidden_size * expand_v = ", config.value_dim(), ", got ", config.num_heads);
    return config;
  }

  void initialize_gates(Random& random) { initialize_key_decay_gate<T>(params, config.decay(), random); }

  void gates(View<const T, 3> x, Cache& cache) const {
    key_decay_gate<T>(config.decay(), params, x, cache.decay, cache.inputs.pass);
  }
  void gates_backward(const Cache& cache, const auto& d, MatrixRef<T> dx, Params& gradients) const {
    key_decay_gate_backward<T>(config.decay(), params, cache.x, cache.decay, d.g, dx, gradients);
  }

  [[nodiscard]] GatedLinearAttentionRule::Inputs<T> scan_inputs(const Cache& cache) const {
    const auto& in = cache.inputs;
    return {.q = detail::as_heads<const T>(in.q.out, config.num_heads),
            .k = detail::as_heads<const T>(in.k.out, config.num_heads),
            .v = detail::as_heads<const T>(in.v.out, config.num_heads),
            .g = cache.decay.g};
  }
};

static_assert(Layer<GatedLinearAttention<float>>);

}  // namespace deltanet
