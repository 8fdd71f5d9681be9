#pragma once

#include "deltanet/layers/delta_inputs.hpp"
#include "deltanet/layers/delta_output.hpp"
#include "deltanet/layers/delta_scan.hpp"
#include "deltanet/layers/delta_state.hpp"
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
class DeltaNet {
 public:
  using Scalar = T;
  using Config = DeltaNetConfig;
  using Params = DeltaNetParams<T>;
  using State = DeltaState<T>;
  struct Cache {
    Tensor<T, 3> x;  // [B, T, D]
    DeltaInputsCache<T> inputs;
    ScanCache<T> scan;
    DeltaOutputCache<T> output;
  };

  Config config;
  Params params;

  explicit DeltaNet(const Config& config_) : config(checked(config_)) {
    static_cast<DeltaInputsParams<T>&>(params) = delta_inputs_params<T>(config.inputs());
    static_cast<DeltaOutputParams<T>&>(params) = delta_output_params<T>(config.output());
  }

  void initialize(Random& random) {
    initialize_delta_inputs<T>(params, config.inputs(), random);
    initialize_delta_output<T>(params, config.output(), random);
  }

  [[nodiscard]] State initial_state(Index batch) const { return initial_delta_state<T>(config.inputs(), batch); }

  Tensor<T, 3> forward(View<const T, 3> x, State* state = nullptr, Cache* cache = nullptr) const {
    expect_shape("x", x, {{"B", x.shape[0]}, {"T", x.shape[1]}, {"D", config.hidden_size}});
    const DeltaInputsConfig sizes = config.inputs();
    if (state) expect_delta_state(sizes, x.shape[0], *state);
    Cache own;
    Cache& kept = cache ? *cache : own;
    if (cache) detail::keep(x, cache->x);
    delta_inputs<T>(sizes, params, x, state ? state->conv_state : ConvolutionStates<T>(), kept.inputs);
    kept.output.o = delta_scan(scan_inputs(kept), config.qk_norm, state, cache ? &cache->scan : nullptr);
    if (state) shift_convolution_states(sizes, kept.inputs, *state);
    return delta_output<T>(config.output(), params, x, kept.output);
  }

  Tensor<T, 2> step(View<const T, 2> x, State& state) const { return detail::step_by_forward(*this, x, state); }

  Tensor<T, 3> backward(const Cache& cache, View<const T, 3> dy, Params& gradients) const {
    const View<const T, 3> x = cache.x;
    expect_shape("dy", dy, {{"B", x.shape[0]}, {"T", x.shape[1]}, {"D", x.shape[2]}});
    Tensor<T, 3> dx = zeros<T>(x.shape[0], x.shape[1], x.shape[2]);
    const Tensor<T, 4> d_o = delta_output_backward<T>(config.output(), params, x, cache.output, dy, rows(dx), gradients);
    auto d = delta_scan_backward(scan_inputs(cache), config.qk_norm, cache.scan, d_o);
    delta_inputs_backward<T>(config.inputs(), params, x, cache.inputs,
                             {detail::as_row_of_heads(d.q), detail::as_row_of_heads(d.k), detail::as_row_of_heads(d.v), d.beta},
                             rows(dx), gradients);
    return dx;
  }

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
