#pragma once

#include "deltanet/layers/delta_layer.hpp"
#include "deltanet/memory/delta_rule.hpp"

namespace deltanet {

/// Sizes and options of DeltaNet. Names and defaults are flash-linear-attention's.
struct DeltaNetConfig {
  Index hidden_size = 1024;
  Index num_heads = 4;
  double expand_k = 1;  ///< key_dim = hidden_size * expand_k, over all heads
  double expand_v = 1;  ///< value_dim = hidden_size * expand_v
  bool use_beta = true;
  bool use_gate = false;
  bool use_short_conv = true;
  Index conv_size = 4;
  bool conv_bias = false;
  bool allow_neg_eigval = false;
  FeatureMap qk_activation = FeatureMap::silu;
  QKNorm qk_norm = QKNorm::l2;
  double norm_eps = 1e-5;
  /// Weights are drawn from normal(0, initializer_range); where absent, as PyTorch draws those of nn.Linear and nn.Conv1d.
  std::optional<double> initializer_range{};

  [[nodiscard]] Index key_dim() const { return static_cast<Index>(static_cast<double>(hidden_size) * expand_k); }
  [[nodiscard]] Index value_dim() const { return static_cast<Index>(static_cast<double>(hidden_size) * expand_v); }

  [[nodiscard]] DeltaInputsConfig inputs() const {
    return {.hidden_size = hidden_size,
            .num_heads = num_heads,
            .num_v_heads = num_heads,
            .head_k_dim = key_dim() / num_heads,
            .head_v_dim = value_dim() / num_heads,
            .use_beta = use_beta,
            .use_short_conv = use_short_conv,
            .conv_size = conv_size,
            .conv_bias = conv_bias,
            .allow_neg_eigval = allow_neg_eigval,
            .qk_activation = qk_activation,
            .qk_norm = qk_norm,
            .initializer_range = initializer_range};
  }
  [[nodiscard]] DeltaOutputConfig output() const {
    return {.hidden_size = hidden_size,
            .num_v_heads = num_heads,
            .head_v_dim = value_dim() / num_heads,
            .use_gate = use_gate,
            .norm_eps = norm_eps,
            .initializer_range = initializer_range};
  }
};

template <Real T>
struct DeltaNetParams : DeltaInputsParams<T>, DeltaOutputParams<T> {
  static constexpr auto fields() { return std::tuple_cat(DeltaInputsParams<T>::fields(), DeltaOutputParams<T>::fields()); }
};

/// DeltaNet, arXiv 2406.06484, as flash-linear-attention's layer of that name:
///
///   q, k = norm(phi(conv(q_proj x))), norm(phi(conv(k_proj x))),   v = silu(conv(v_proj x)),   beta = sigmoid(b_proj x)
///   S_t = (I - beta_t k_t k_t^T) S_{t-1} + beta_t k_t v_t^T,   o_t = K^-0.5 S_t^T q_t            (for every head)
///   y = o_proj(o_norm(o) silu(g_proj x))                                                (the gate where use_gate)
///
/// [B, T, D] -> [B, T, D]. A state given to `forward` counts as a constant: no gradient reaches the tokens before it.
template <Real T>
class DeltaNet : public DeltaLayer<DeltaNet<T>, T, DeltaRule, DeltaNetConfig, DeltaNetParams<T>, NoGatesCache> {
  using Base = DeltaLayer<DeltaNet<T>, T, DeltaRule, DeltaNetConfig, DeltaNetParams<T>, NoGatesCache>;
  friend Base;

 public:
  using Base::config;
  using typename Base::Cache, typename Base::Config, typename Base::Params, typename Base::State;

  explicit DeltaNet(const Config& config_) : Base(checked(config_)) {}

 private:
  static const Config& checked(const Config& config) {
    expect(config.num_heads > 0, "num_heads: expected at least 1, got ", config.num_heads);
    expect(config.key_dim() % config.num_heads == 0 && config.value_dim() % config.num_heads == 0,
           "num_heads: expected a divisor of hidden_size * expand_k = ", config.key_dim(),
           " and of hidden_size * expand_v = ", config.value_dim(), ", got ", config.num_heads);
    return config;
  }

  [[nodiscard]] DeltaRule::Inputs<T> scan_inputs(const Cache& cache) const {
    const auto& in = cache.inputs;
    return {.q = detail::as_heads<const T>(in.q.out, config.num_heads),
            .k = detail::as_heads<const T>(in.k.out, config.num_heads),
            .v = detail::as_heads<const T>(in.v.out, config.num_heads),
            .beta = in.beta};
  }
};

static_assert(Layer<DeltaNet<float>>);

}  // namespace deltanet
