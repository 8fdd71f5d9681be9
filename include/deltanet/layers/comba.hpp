#pragma once

#include "deltanet/layers/comba_keys.hpp"
#include "deltanet/layers/decay_gate.hpp"
#include "deltanet/layers/delta_config.hpp"
#include "deltanet/layers/delta_scan.hpp"
#include "deltanet/layers/delta_state.hpp"
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
class Comba {
 public:
  using Scalar = T;
  using Config = CombaConfig;
  using Params = CombaParams<T>;
  using State = DeltaState<T>;
  struct Cache {
    Tensor<T, 3> x;  // [B, T, D]
    DeltaInputsCache<T> inputs;
    DecayGateCache<T> decay;
    CombaKeysCache<T> keys;
    ScanCache<T> scan;
    DeltaOutputCache<T> output;
  };

  Config config;
  Params params;

  explicit Comba(const Config& config_) : config(config_) {
    expect_integral_head_v_dim(config);
    static_cast<DeltaInputsParams<T>&>(params) = delta_inputs_params<T>(config.inputs());
    static_cast<DecayGateParams<T>&>(params) =
        decay_gate_params<T>(DecayGate::softplus, config.hidden_size, config.value_heads());
    if (config.use_inner_decay) params.decay = Vector<T>::Zero(config.num_heads);
    if (config.use_output_correction) params.D = Vector<T>::Zero(config.num_heads);
    static_cast<DeltaOutputParams<T>&>(params) = delta_output_params<T>(config.output());
  }

  void initialize(Random& random) {
    initialize_delta_inputs<T>(params, config.inputs(), random);
    initialize_decay_gate<T>(params, config.initializer_range, random);
    if (params.decay) params.decay->setOnes();
    if (params.D) params.D->setConstant(static_cast<T>(config.correction_factor));
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
    decay_gate<T>(params, x, kept.decay);
    comba_keys<T>(params, config.num_heads, kept.inputs.q.out, kept.inputs.k.out, kept.keys);
    kept.output.o = delta_scan(scan_inputs(kept), QKNorm::l2, state, cache ? &cache->scan : nullptr);
    if (state) shift_convolution_states(sizes, kept.inputs, *state);
    return delta_output<T>(config.output(), params, x, kept.output);
  }

  Tensor<T, 2> step(View<const T, 2> x, State& state) const { return detail::step_by_forward(*this, x, state); }

  Tensor<T, 3> backward(const Cache& cache, View<const T, 3> dy, Params& gradients) const {
    const View<const T, 3> x = cache.x;
    expect_shape("dy", dy, {{"B", x.shape[0]}, {"T", x.shape[1]}, {"D", x.shape[2]}});
    Tensor<T, 3> dx = zeros<T>(x.shape[0], x.shape[1], x.shape[2]);
    const Tensor<T, 4> d_o = delta_output_backward<T>(config.output(), params, x, cache.output, dy, rows(dx), gradients);
    auto d = delta_scan_backward(scan_inputs(cache), QKNorm::l2, cache.scan, d_o);
    const View<T, 3> dq = detail::as_row_of_heads(d.q), dk = detail::as_row_of_heads(d.k);
    comba_keys_backward<T>(params, config.num_heads, cache.inputs.k.out, cache.keys, {dq, detail::as_row_of_heads(d.p), dk},
                           gradients);
    decay_gate_backward<T>(params, x, cache.decay, d.g, rows(dx), gradients);
    delta_inputs_backward<T>(config.inputs(), params, x, cache.inputs, {dq, dk, detail::as_row_of_heads(d.v), d.beta}, rows(dx),
                             gradients);
    return dx;
  }

 private:
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
