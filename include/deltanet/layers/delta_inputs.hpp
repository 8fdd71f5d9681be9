#pragma once

#include "deltanet/layers/delta_branch.hpp"
#include "deltanet/layers/sigmoid_gate.hpp"

/// What every delta-rule layer makes of its tokens: queries, keys, values and write strengths,
///
///   projection -> short convolution -> feature map -> heads -> norm.
namespace deltanet {

struct DeltaInputsConfig {
  Index hidden_size = 0;
  Index num_heads = 0, num_v_heads = 0;
  Index head_k_dim = 0, head_v_dim = 0;
  bool use_beta = true;
  bool use_short_conv = true;
  Index conv_size = 4;
  bool conv_bias = false;
  bool allow_neg_eigval = false;
  FeatureMap qk_activation = FeatureMap::silu;
  FeatureMap v_activation = FeatureMap::silu;
  QKNorm qk_norm = QKNorm::l2;
  std::optional<double> initializer_range{};  ///< as in LinearConfig

  [[nodiscard]] Index key_dim() const { return num_heads * head_k_dim; }
  [[nodiscard]] Index value_dim() const { return num_v_heads * head_v_dim; }
  /// The largest write strength.
  [[nodiscard]] double strength() const { return allow_neg_eigval ? 2 : 1; }
};

template <Real T>
struct DeltaInputsParams {
  LinearParams<T> q_proj, k_proj;                                         // weight [H K, D]
  LinearParams<T> v_proj;                                                 // weight [HV V, D]
  std::optional<LinearParams<T>> b_proj;                                  // weight [HV, D]
  std::optional<ShortConvolutionParams<T>> q_conv1d, k_conv1d, v_conv1d;  // weight [H K, 1, W], [HV V, 1, W]

  static constexpr auto fields() {
    using P = DeltaInputsParams;
    return std::tuple{Field{"q_proj", &P::q_proj},    Field{"k_proj", &P::k_proj},     Field{"v_proj", &P::v_proj},
                      Field{"b_proj", &P::b_proj},    Field{"q_conv1d", &P::q_conv1d}, Field{"k_conv1d", &P::k_conv1d},
                      Field{"v_conv1d", &P::v_conv1d}};
  }
};

/// The states of the convolutions that make q, k and v; absent where there is no convolution.
template <Real T>
struct ConvolutionStates {
  std::optional<Tensor<T, 3>> q, k;  // [N, H K, W]
  std::optional<Tensor<T, 3>> v;     // [N, HV V, W]

  static constexpr auto fields() {
    using S = ConvolutionStates;
    return std::tuple{Field{"q", &S::q}, Field{"k", &S::k}, Field{"v", &S::v}};
  }
};

template <Real T>
struct DeltaInputsCache {
  BranchCache<T> q, k, v;
  Tensor<T, 3> beta;  // [B, T, HV]
  Sequences sequences;
  Pass pass = Pass::inference;  // what the tokens were read for
};

template <Real T>
[[nodiscard]] DeltaInputsParams<T> delta_inputs_params(const DeltaInputsConfig& config) {
  expect(config.hidden_size > 0, "hidden_size: expected at least 1, got ", config.hidden_size);
  expect(config.num_heads > 0, "num_heads: expected at least 1, got ", config.num_heads);
  expect(config.num_v_heads > 0 && config.num_v_heads % config.num_heads == 0,
         "num_v_heads: expected a multiple of num_heads=", config.num_heads, ", got ", config.num_v_heads);
  expect(config.head_k_dim > 0 && config.head_v_dim > 0, "heads: expected positive widths, got K=", config.head_k_dim,
         ", V=", config.head_v_dim);
  const auto projection = [&](Index width) {
    return linear_params<T>({.in_features = config.hidden_size, .out_features = width, .bias = false});
  };
  DeltaInputsParams<T> params{
      projection(config.key_dim()), projection(config.key_dim()), projection(config.value_dim()), {}, {}, {}, {}};
  if (config.use_beta) params.b_proj = projection(config.num_v_heads);
  if (config.use_short_conv) {
    const auto convolution = [&](Index width) {
      return short_convolution_params<T>({.hidden_size = width, .kernel_size = config.conv_size, .bias = config.conv_bias});
    };
    params.q_conv1d = convolution(config.key_dim());
    params.k_conv1d = convolution(config.key_dim());
    params.v_conv1d = convolution(config.value_dim());
  }
  return params;
}

template <Real T>
void initialize_delta_inputs(DeltaInputsParams<T>& params, const DeltaInputsConfig& config, Random& random) {
  for (auto* projection : {&params.q_proj, &params.k_proj, &params.v_proj})
    initialize_linear(*projection, config.initializer_range, random);
  if (params.b_proj) initialize_linear(*params.b_proj, config.initializer_range, random);
  for (auto* convolution : {&params.q_conv1d, &params.k_conv1d, &params.v_conv1d})
    if (*convolution) initialize_short_convolution(**convolution, config.initializer_range, random);
}

namespace detail {

/// The three branches, as `config` wants them: values are never normalised.
template <Real T>
struct Branches {
  Branch<T> q, k, v;

  Branches(const DeltaInputsConfig& config, const DeltaInputsParams<T>& params)
      : q{params.q_proj, params.q_conv1d, config.qk_activation, config.num_heads, config.qk_norm == QKNorm::sum},
        k{params.k_proj, params.k_conv1d, config.qk_activation, config.num_heads, config.qk_norm == QKNorm::sum},
        v{params.v_proj, params.v_conv1d, config.v_activation, config.num_v_heads, false} {}
};

}  // namespace detail

/// Fills the cache's q, k, v and beta from the tokens x [B, T, D] that follow `past`, the states of N sequences. Products are
/// summed as the pass asks.
template <Real T>
void delta_inputs(const DeltaInputsConfig& config, const DeltaInputsParams<T>& params, View<const T, 3> x,
                  const ConvolutionStates<T>& past, DeltaInputsCache<T>& cache, const Sequences& sequences = {},
                  Pass pass = Pass::inference) {
  const detail::Branches<T> branches(config, params);
  cache.sequences = sequences;
  cache.pass = pass;
  branches.q.forward(x, past.q, cache.q, sequences, pass);
  branches.k.forward(x, past.k, cache.k, sequences, pass);
  branches.v.forward(x, past.v, cache.v, sequences, pass);

  // beta = strength sigmoid(b_proj x), or strength
  const T strength = static_cast<T>(config.strength());
  cache.beta.resize(x.shape[0], x.shape[1], config.num_v_heads);
  if (params.b_proj) {
    sigmoid_gate<T>(*params.b_proj, strength, x.rows(), rows(cache.beta), pass);
  } else {
    cache.beta.setConstant(strength);
  }
}

/// Gradients by q, k, v and beta: those of the scan, as one row of all heads. They are written over.
template <Real T>
struct DeltaInputsGradients {
  View<T, 3> q, k, v;  // [B, T, H K], [B, T, H K], [B, T, HV V]
  View<T, 3> beta;     // [B, T, HV]
};

/// The gradients of `delta_inputs`, all added to: dx [B T, D] and those of the parameters. *dstate, where it is not null, is
/// the gradient by the convolutions' states after, and becomes that by those before.
template <Real T>
void delta_inputs_backward(const DeltaInputsConfig& config, const DeltaInputsParams<T>& params, View<const T, 3> x,
                           const DeltaInputsCache<T>& cache, std::type_identity_t<DeltaInputsGradients<T>> d, MatrixRef<T> dx,
                           DeltaInputsParams<T>& gradients, ConvolutionStates<T>* dstate = nullptr) {
  const detail::Branches<T> branches(config, params);
  const auto by = [&](std::optional<Tensor<T, 3>> ConvolutionStates<T>::*branch) {
    return dstate ? &(dstate->*branch) : nullptr;
  };
  using States = ConvolutionStates<T>;
  branches.q.backward(x, cache.q, d.q, dx, gradients.q_proj, gradients.q_conv1d, cache.sequences, by(&States::q));
  branches.k.backward(x, cache.k, d.k, dx, gradients.k_proj, gradients.k_conv1d, cache.sequences, by(&States::k));
  branches.v.backward(x, cache.v, d.v, dx, gradients.v_proj, gradients.v_conv1d, cache.sequences, by(&States::v));

  if (params.b_proj)
    sigmoid_gate_backward<T>(*params.b_proj, static_cast<T>(config.strength()), x.rows(), rows(cache.beta), d.beta.rows(), dx,
                             *gradients.b_proj);
}

}  // namespace deltanet
