#pragma once

#include "deltanet/layers/decay_gate.hpp"
#include "deltanet/layers/delta_config.hpp"
#include "deltanet/layers/delta_layer.hpp"
#include "deltanet/memory/delta_rule.hpp"
#include "deltanet/recurrence/delta_product.hpp"

namespace deltanet {

/// Sizes and options of Gated DeltaProduct. Names and defaults are flash-linear-attention's.
struct GatedDeltaProductConfig {
  Index hidden_size = 2048;
  double expand_v = 2;  ///< V = head_dim * expand_v
  Index head_dim = 256;
  Index num_heads = 6;
  std::optional<Index> num_v_heads{};  ///< a multiple of num_heads; num_heads where absent
  bool use_output_gate = true;
  bool use_short_conv = true;
  Index conv_size = 4;
  bool conv_bias = false;
  double norm_eps = 1e-5;
  bool allow_neg_eigval = true;
  Index num_householder = 2;  ///< delta steps a token
  /// Weights are drawn from normal(0, initializer_range); where absent, as PyTorch draws those of nn.Linear and nn.Conv1d.
  std::optional<double> initializer_range{};

  [[nodiscard]] Index value_heads() const { return num_v_heads.value_or(num_heads); }
  [[nodiscard]] Index head_v_dim() const { return static_cast<Index>(static_cast<double>(head_dim) * expand_v); }

  /// Keys, values and strengths of a token's steps side by side, as those of n times as many heads. Queries are of num_heads.
  [[nodiscard]] DeltaInputsConfig inputs() const {
    DeltaInputsConfig inputs = delta_inputs_of(*this);
    inputs.num_heads *= num_householder;
    inputs.num_v_heads *= num_householder;
    return inputs;
  }
  [[nodiscard]] DeltaOutputConfig output() const { return delta_output_of(*this, use_output_gate); }
};

/// Of a layer that never forgets: none.
struct NoDecayGateParams {
  static constexpr auto fields() { return std::tuple{}; }
};

template <Real T, class Member>
using ForgetGateParams = std::conditional_t<std::is_same_v<Member, GatedDeltaRule>, DecayGateParams<T>, NoDecayGateParams>;

template <Real T, class Member>
struct DeltaProductParams : DeltaInputsParams<T>, ForgetGateParams<T, Member>, DeltaOutputParams<T> {
  static constexpr auto fields() {
    return std::tuple_cat(DeltaInputsParams<T>::fields(), ForgetGateParams<T, Member>::fields(),
                          DeltaOutputParams<T>::fields());
  }
};

/// What the gate keeps for backward, where there is one.
template <Real T>
struct ForgetGate {
  DecayGateCache<T> decay;
};

/// DeltaProduct, arXiv 2502.10297, as flash-linear-attention's layer GatedDeltaProduct: n = num_householder delta steps a
/// token, each with a key, value and strength of its own, after one decay and before one read-out:
///
///   q = silu(conv(q_proj x)),   k_1 .. k_n = silu(conv(k_proj x)),   v_1 .. v_n = silu(conv(v_proj x)),
///   beta_1 .. beta_n = sigmoid(b_proj x), times 2 where allow_neg_eigval,   q and k of unit length,
///   g = -exp(A_log) softplus(a_proj x + dt_bias),
///   S = exp(g_t) S_{t-1},   then for j = 1 .. n:   S <- S + beta_j k_j (v_j - S^T k_j)^T,   S_t = S,
///   o_t = K^-0.5 S_t^T q_t,   y = o_proj(o_norm(o) silu(g_proj x)), gated where use_output_gate
///
/// A token's steps multiply the state by n generalised Householder reflections: enough to permute n + 1 things.
/// `Member` is GatedDeltaRule, or DeltaRule for a layer without g, which is flash-linear-attention's use_forget_gate = False.
///
/// [B, T, D] -> [B, T, D]. Costs the scan of n T tokens. A state given to `forward` counts as a constant: no gradient reaches
/// the tokens before it.
template <Real T, class Member>
class BasicDeltaProduct : public DeltaLayer<BasicDeltaProduct<T, Member>, T, Member, GatedDeltaProductConfig,
                                            DeltaProductParams<T, Member>, ForgetGate<T>> {
  using Base = DeltaLayer<BasicDeltaProduct, T, Member, GatedDeltaProductConfig, DeltaProductParams<T, Member>, ForgetGate<T>>;
  friend Base;

 public:
  static constexpr bool forgets = std::is_same_v<Member, GatedDeltaRule>;
  static_assert(forgets || std::is_same_v<Member, DeltaRule>);

  using Base::config, Base::params;
  using typename Base::Cache, typename Base::Config, typename Base::Params, typename Base::State;

  explicit BasicDeltaProduct(const Config& config_) : Base(checked(config_)) {
    const Index width = query_dim();
    params.q_proj = linear_params<T>({.in_features = config.hidden_size, .out_features = width, .bias = false});
    if (config.use_short_conv)
      params.q_conv1d =
          short_convolution_params<T>({.hidden_size = width, .kernel_size = config.conv_size, .bias = config.conv_bias});
    if constexpr (forgets)
      static_cast<DecayGateParams<T>&>(params) =
          decay_gate_params<T>(DecayGate::softplus, config.hidden_size, config.value_heads());
  }

 private:
  static const Config& checked(const Config& config) {
    expect_integral_head_v_dim(config);
    expect(config.num_householder > 0, "num_householder: expected at least 1, got ", config.num_householder);
    expect(config.num_heads > 0, "num_heads: expected at least 1, got ", config.num_heads);
    expect(config.value_heads() % config.num_heads == 0, "num_v_heads: expected a multiple of num_heads=", config.num_heads,
           ", got ", config.value_heads());
    return config;
  }

  void initialize_gates(Random& random) {
    if constexpr (forgets) initialize_decay_gate<T>(params, config.initializer_range, random);
  }

  Tensor<T, 4> mix(View<const T, 3> x, Cache& cache, State* state, ScanCache<T>* scan) const {
    if constexpr (forgets) decay_gate<T>(params, x, cache.decay);
    const auto in = scan_inputs(cache);
    const detail::Substeps<std::decay_t<decltype(in)>> substeps(in, config.num_householder);
    const Tensor<T, 4> o = delta_scan(substeps.in, substeps.options(this->scan_options(cache)), state, scan);
    return substeps.gather(o, detail::Substep::last);
  }

  auto mix_backward(const Cache& cache, const Tensor<T, 4>& d_o, MatrixRef<T> dx, Params& gradients) const {
    auto d = delta_product_backward(scan_inputs(cache), config.num_householder, &cache.scan, Cotangents<T>{.o = d_o},
                                    this->scan_options(cache))
                 .inputs;
    if constexpr (forgets) decay_gate_backward<T>(params, cache.x, cache.decay, d.g, dx, gradients);
    return d;
  }

  [[nodiscard]] Index query_dim() const { return config.num_heads * config.head_dim; }

  [[nodiscard]] DeltaStateSizes state_sizes() const {
    DeltaStateSizes sizes = config.inputs();
    sizes.num_v_heads = config.value_heads();
    sizes.q_width = query_dim();
    return sizes;
  }

  /// A token's steps as tokens: [B, T, n H K] -> [B, T n, H, K].
  [[nodiscard]] View<const T, 4> as_steps(const Tensor<T, 3>& x, Index heads, Index width) const {
    return {x.data(), {x.dimension(0), x.dimension(1) * config.num_householder, heads, width}};
  }

  [[nodiscard]] typename Member::template Inputs<T> scan_inputs(const Cache& cache) const {
    const auto& in = cache.inputs;
    const Index HV = config.value_heads();
    typename Member::template Inputs<T> bundle{
        .q = detail::as_heads<const T>(in.q.out, config.num_heads),
        .k = as_steps(in.k.out, config.num_heads, config.head_dim),
        .v = as_steps(in.v.out, HV, config.head_v_dim()),
        .beta = {in.beta.data(), {in.beta.dimension(0), in.beta.dimension(1) * config.num_householder, HV}}};
    if constexpr (forgets) bundle.g = cache.decay.g;
    return bundle;
  }
};

template <Real T>
using GatedDeltaProduct = BasicDeltaProduct<T, GatedDeltaRule>;
template <Real T>
using DeltaProduct = BasicDeltaProduct<T, DeltaRule>;

static_assert(Layer<GatedDeltaProduct<float>> && Layer<DeltaProduct<double>>);

}  // namespace deltanet
