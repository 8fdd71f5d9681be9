#pragma once

#include "deltanet/layers/kimi_delta_attention.hpp"
#include "deltanet/layers/repeat_heads.hpp"
#include "deltanet/layers/sigmoid_gate.hpp"
#include "deltanet/memory/erase_write.hpp"

namespace deltanet {

/// Sizes and options of Gated DeltaNet-2. Names and defaults are flash-linear-attention's.
struct GatedDeltaNet2Config {
  Index hidden_size = 2048;
  double expand_v = 1;  ///< V = head_dim * expand_v
  Index head_dim = 128;
  Index num_heads = 16;
  std::optional<Index> num_v_heads{};  ///< a multiple of num_heads; num_heads where absent
  bool use_short_conv = true;
  bool allow_neg_eigval = false;  ///< erase gates in (0, 2)
  Index conv_size = 4;
  bool conv_bias = false;
  double norm_eps = 1e-5;
  bool safe_gate = false;        ///< g stays above gate_lower_bound
  double gate_lower_bound = -5;  ///< below 0
  /// Weights are drawn from normal(0, initializer_range); where absent, as PyTorch draws those of nn.Linear and nn.Conv1d.
  std::optional<double> initializer_range{};

  [[nodiscard]] Index value_heads() const { return num_v_heads.value_or(num_heads); }
  [[nodiscard]] Index head_v_dim() const { return static_cast<Index>(static_cast<double>(head_dim) * expand_v); }

  [[nodiscard]] DeltaInputsConfig inputs() const {
    DeltaInputsConfig inputs = delta_inputs_of(*this);
    inputs.use_beta = false;
    return inputs;
  }
  [[nodiscard]] KeyDecayGateConfig decay() const {
    return detail::kimi_decay(*this, num_heads, safe_gate ? std::optional(gate_lower_bound) : std::nullopt);
  }
  [[nodiscard]] DeltaOutputConfig output() const { return detail::kimi_output(*this); }
};

template <Real T>
struct GatedDeltaNet2Params : DeltaInputsParams<T>, KeyDecayGateParams<T>, DeltaOutputParams<T> {
  LinearParams<T> erase_proj;  // b_proj: weight [H K, D]
  LinearParams<T> write_proj;  // w_proj: weight [HV V, D]

  static constexpr auto fields() {
    using P = GatedDeltaNet2Params;
    return std::tuple_cat(DeltaInputsParams<T>::fields(), KeyDecayGateParams<T>::fields(),
                          std::tuple{Field{"b_proj", &P::erase_proj}, Field{"w_proj", &P::write_proj}},
                          DeltaOutputParams<T>::fields());
  }
};

/// What its gates keep for backward.
template <Real T>
struct GatedDeltaNet2Gates {
  KeyDecayGateCache<T> decay;             // of the key heads
  Tensor<T, 3> b;                         // [B, T, H K]
  Tensor<T, 3> w;                         // [B, T, HV V]
  Tensor<T, 4> g_of_values, b_of_values;  // [B, T, HV, K]: of the value heads, where these are more
};

/// Gated DeltaNet-2, arXiv 2605.22791, as flash-linear-attention's layer GatedDeltaNet2: Kimi delta attention whose beta is two
/// gates, b for what is erased, a key channel, and w for what is written, a value channel:
///
///   q, k, v = silu(conv(q_proj x)), silu(conv(k_proj x)), silu(conv(v_proj x)),   q and k of unit length,
///   b = sigmoid(b_proj x),   w = sigmoid(w_proj x),   g = -exp(A_log) softplus(f_proj x + dt_bias)   (or bounded: safe_gate)
///   S' = diag(exp(g_t)) S_{t-1},   S_t = S' + k_t (w_t (.) v_t - S'^T (b_t (.) k_t))^T,   o_t = K^-0.5 S_t^T q_t
///   y = o_proj(o_norm(o) sigmoid(g_proj x))
///
/// b and g belong to the key heads; each value head has those of its key head.
///
/// [B, T, D] -> [B, T, D]. A state given to `forward` counts as a constant: no gradient reaches the tokens before it.
template <Real T>
class GatedDeltaNet2 : public DeltaLayer<GatedDeltaNet2<T>, T, GatedDeltaRule2, GatedDeltaNet2Config, GatedDeltaNet2Params<T>,
                                         GatedDeltaNet2Gates<T>> {
  using Base =
      DeltaLayer<GatedDeltaNet2, T, GatedDeltaRule2, GatedDeltaNet2Config, GatedDeltaNet2Params<T>, GatedDeltaNet2Gates<T>>;
  friend Base;

 public:
  using Base::config, Base::params;
  using typename Base::Cache, typename Base::Config, typename Base::Params, typename Base::State;

  explicit GatedDeltaNet2(const Config& config_) : Base(checked(config_)) {
    const DeltaInputsConfig sizes = config.inputs();
    static_cast<KeyDecayGateParams<T>&>(params) = key_decay_gate_params<T>(config.decay());
    params.erase_proj = linear_params<T>({.in_features = config.hidden_size, .out_features = sizes.key_dim(), .bias = false});
    params.write_proj = linear_params<T>({.in_features = config.hidden_size, .out_features = sizes.value_dim(), .bias = false});
  }

 private:
  static const Config& checked(const Config& config) {
    expect_integral_head_v_dim(config);
    expect(!config.safe_gate || config.gate_lower_bound < 0, "gate_lower_bound: expected less than 0, got ",
           config.gate_lower_bound);
    return config;
  }

  void initialize_gates(Random& random) {
    initialize_key_decay_gate<T>(params, config.decay(), random);
    initialize_linear(params.erase_proj, config.initializer_range, random);
    initialize_linear(params.write_proj, config.initializer_range, random);
  }

  /// Value heads a key head.
  [[nodiscard]] Index group() const { return config.value_heads() / config.num_heads; }

  /// Fills the cache's g, b and w.
  void gates(View<const T, 3> x, Cache& kept) const {
    const DeltaInputsConfig sizes = config.inputs();
    kept.b.resize(x.shape[0], x.shape[1], sizes.key_dim());
    kept.w.resize(x.shape[0], x.shape[1], sizes.value_dim());
    const Pass pass = kept.inputs.pass;
    key_decay_gate<T>(config.decay(), params, x, kept.decay, pass);
    sigmoid_gate<T>(params.erase_proj, static_cast<T>(sizes.strength()), x.rows(), rows(kept.b), pass);
    sigmoid_gate<T>(params.write_proj, T(1), x.rows(), rows(kept.w), pass);
    if (group() == 1) return;
    kept.g_of_values = repeat_heads<T>(kept.decay.g, group());
    kept.b_of_values = repeat_heads<T>(detail::as_heads<const T>(kept.b, config.num_heads), group());
  }

  /// The gradients of that, given the scan's d, which is written over: adds to dx [B T, D] and to those of the parameters.
  void gates_backward(const Cache& cache, GatedDeltaRule2::Gradients<T>& d, MatrixRef<T> dx, Params& gradients) const {
    const View<const T, 3> x = cache.x;
    if (group() > 1) {
      d.g = repeat_heads_backward<T>(d.g, group());
      d.b = repeat_heads_backward<T>(d.b, group());
    }
    key_decay_gate_backward<T>(config.decay(), params, x, cache.decay, d.g, dx, gradients);
    sigmoid_gate_backward<T>(params.erase_proj, static_cast<T>(config.inputs().strength()), x.rows(), rows(cache.b),
                             detail::as_row_of_heads(d.b).rows(), dx, gradients.erase_proj);
    sigmoid_gate_backward<T>(params.write_proj, T(1), x.rows(), rows(cache.w), detail::as_row_of_heads(d.w).rows(), dx,
                             gradients.write_proj);
  }

  [[nodiscard]] GatedDeltaRule2::Inputs<T> scan_inputs(const Cache& cache) const {
    const auto& in = cache.inputs;
    const bool grouped = group() > 1;
    return {.q = detail::as_heads<const T>(in.q.out, config.num_heads),
            .k = detail::as_heads<const T>(in.k.out, config.num_heads),
            .v = detail::as_heads<const T>(in.v.out, config.value_heads()),
            .b = grouped ? View<const T, 4>(cache.b_of_values) : detail::as_heads<const T>(cache.b, config.num_heads),
            .w = detail::as_heads<const T>(cache.w, config.value_heads()),
            .g = grouped ? cache.g_of_values : cache.decay.g};
  }
};

static_assert(Layer<GatedDeltaNet2<float>>);

}  // namespace deltanet
