#pragma once

#include "deltanet/core/activation.hpp"
#include "deltanet/layers/head_norm.hpp"
#include "deltanet/layers/linear.hpp"
#include "deltanet/layers/short_convolution.hpp"

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

/// What a delta-rule layer carries from call to call. A parameter list too, so that it can be saved.
template <Real T>
struct DeltaState {
  Tensor<T, 4> recurrent_state;                                          // [B, HV, K, V]
  std::optional<Tensor<T, 3>> q_conv_state, k_conv_state, v_conv_state;  // [B, H K, W], [B, HV V, W]

  static constexpr auto fields() {
    using S = DeltaState;
    return std::tuple{Field{"recurrent_state", &S::recurrent_state}, Field{"q_conv_state", &S::q_conv_state},
                      Field{"k_conv_state", &S::k_conv_state}, Field{"v_conv_state", &S::v_conv_state}};
  }
};

/// One of q, k, v on its way from the projection to the heads.
template <Real T>
struct BranchCache {
  Tensor<T, 3> projected;              // [B, T, H K]
  std::optional<Tensor<T, 3>> before;  // [B, H K, W]: the convolution's state before, where there was one
  Tensor<T, 3> features;               // [B, T, H K]: before the sum norm, where there is one
  Tensor<T, 3> out;                    // [B, T, H K]
};

template <Real T>
struct DeltaInputsCache {
  BranchCache<T> q, k, v;
  Tensor<T, 3> beta;  // [B, T, HV]
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

/// Zeros for `batch` sequences.
template <Real T>
[[nodiscard]] DeltaState<T> initial_delta_state(const DeltaInputsConfig& config, Index batch) {
  DeltaState<T> state{zeros<T>(batch, config.num_v_heads, config.head_k_dim, config.head_v_dim), {}, {}, {}};
  if (config.use_short_conv) {
    state.q_conv_state = state.k_conv_state = zeros<T>(batch, config.key_dim(), config.conv_size);
    state.v_conv_state = zeros<T>(batch, config.value_dim(), config.conv_size);
  }
  return state;
}

template <Real T>
void expect_delta_state(const DeltaInputsConfig& config, Index batch, const DeltaState<T>& state) {
  expect_shape("recurrent_state", View<const T, 4>(state.recurrent_state),
               {{"B", batch}, {"HV", config.num_v_heads}, {"K", config.head_k_dim}, {"V", config.head_v_dim}});
  if (!config.use_short_conv) return;
  const auto expect_conv_state = [&](std::string_view name, const std::optional<Tensor<T, 3>>& conv_state, Index width) {
    const View<const T, 3> view = conv_state ? View<const T, 3>(*conv_state) : View<const T, 3>();
    expect_shape(name, view, {{"B", batch}, {"D", width}, {"W", config.conv_size}});
  };
  expect_conv_state("q_conv_state", state.q_conv_state, config.key_dim());
  expect_conv_state("k_conv_state", state.k_conv_state, config.key_dim());
  expect_conv_state("v_conv_state", state.v_conv_state, config.value_dim());
}

namespace detail {

/// A row of all heads as heads: [B, T, H K] -> [B, T, H, K].
template <class T>
[[nodiscard]] View<T, 4> as_heads(const View<T, 3>& x, Index heads) {
  return {x.data, {x.shape[0], x.shape[1], heads, x.shape[2] / heads}};
}

/// Heads as a row of all heads: [B, T, H, K] -> [B, T, H K].
template <Real T>
[[nodiscard]] View<T, 3> as_row_of_heads(Tensor<T, 4>& x) {
  return {x.data(), {x.dimension(0), x.dimension(1), x.dimension(2) * x.dimension(3)}};
}

/// What makes one of q, k, v.
template <Real T>
struct Branch {
  const LinearParams<T>& projection;
  const std::optional<ShortConvolutionParams<T>>& convolution;
  FeatureMap phi;
  Index heads;
  bool sum_norm;

  /// Fills `cache`, after the convolution's state where it is given.
  void forward(View<const T, 3> x, std::optional<Tensor<T, 3>> conv_state, BranchCache<T>& cache) const {
    const Index width = projection.weight.rows();
    cache.projected.resize(x.shape[0], x.shape[1], width);
    cache.out.resize(x.shape[0], x.shape[1], width);
    linear<T>(projection, x.rows(), rows(cache.projected));
    if (convolution) {
      cache.before = std::move(conv_state);
      short_convolution(*convolution, phi, cache.projected, past(cache), cache.out);
    } else {
      keep<T>(cache.projected, cache.out);
      for_each_range(cache.out.size(),
                     [&](Index begin, Index size) { apply_feature_map<T>(phi, VectorMap<T>(cache.out.data() + begin, size)); });
    }
    if (!sum_norm) return;
    keep<T>(cache.out, cache.features);
    deltanet::sum_norm<T>(as_heads<T>(cache.out, heads).rows());
  }

  /// d is the gradient by cache.out, and is written over; adds to dx [B T, D] and to the parameters' gradients.
  void backward(View<const T, 3> x, const BranchCache<T>& cache, View<T, 3> d, MatrixRef<T> dx, LinearParams<T>& dprojection,
                std::optional<ShortConvolutionParams<T>>& dconvolution) const {
    if (sum_norm) sum_norm_backward<T>(as_heads<const T>(cache.features, heads).rows(), as_heads(d, heads).rows());
    if (convolution) {
      short_convolution_backward(*convolution, phi, cache.projected, past(cache), d, *dconvolution);
    } else {
      for_each_range(d.size(), [&](Index begin, Index size) {
        apply_feature_map_derivative<T>(phi, VectorMap<const T>(cache.projected.data() + begin, size),
                                        VectorMap<T>(d.data + begin, size));
      });
    }
    linear_backward<T>(projection, x.rows(), d.rows(), dx, dprojection);
  }

 private:
  static View<const T, 3> past(const BranchCache<T>& cache) {
    return cache.before ? View<const T, 3>(*cache.before) : View<const T, 3>();
  }
};

/// The three branches, as `config` wants them: values always pass through silu and are never normalised.
template <Real T>
struct Branches {
  Branch<T> q, k, v;

  Branches(const DeltaInputsConfig& config, const DeltaInputsParams<T>& params)
      : q{params.q_proj, params.q_conv1d, config.qk_activation, config.num_heads, config.qk_norm == QKNorm::sum},
        k{params.k_proj, params.k_conv1d, config.qk_activation, config.num_heads, config.qk_norm == QKNorm::sum},
        v{params.v_proj, params.v_conv1d, FeatureMap::silu, config.num_v_heads, false} {}
};

}  // namespace detail

/// Fills the cache's q, k, v and beta from the tokens x [B, T, D], after the convolutions' states where given.
template <Real T>
void delta_inputs(const DeltaInputsConfig& config, const DeltaInputsParams<T>& params, View<const T, 3> x,
                  const DeltaState<T>* state, DeltaInputsCache<T>& cache) {
  const detail::Branches<T> branches(config, params);
  branches.q.forward(x, state ? state->q_conv_state : std::nullopt, cache.q);
  branches.k.forward(x, state ? state->k_conv_state : std::nullopt, cache.k);
  branches.v.forward(x, state ? state->v_conv_state : std::nullopt, cache.v);

  // beta = strength sigmoid(b_proj x), or strength
  const T strength = static_cast<T>(config.strength());
  cache.beta.resize(x.shape[0], x.shape[1], config.num_v_heads);
  VectorMap<T> beta(cache.beta.data(), cache.beta.size());
  if (params.b_proj) {
    linear<T>(*params.b_proj, x.rows(), rows(cache.beta));
    beta.array() = strength * sigmoid(beta.array());
  } else {
    beta.setConstant(strength);
  }
}

/// Shifts the tokens of `delta_inputs` into the convolutions' states.
template <Real T>
void shift_convolution_states(const DeltaInputsConfig& config, const DeltaInputsCache<T>& cache, DeltaState<T>& state) {
  if (!config.use_short_conv) return;
  shift_convolution_state<T>(cache.q.projected, *state.q_conv_state);
  shift_convolution_state<T>(cache.k.projected, *state.k_conv_state);
  shift_convolution_state<T>(cache.v.projected, *state.v_conv_state);
}

/// Gradients by q, k, v and beta: those of the scan, as one row of all heads. They are written over.
template <Real T>
struct DeltaInputsGradients {
  View<T, 3> q, k, v;  // [B, T, H K], [B, T, H K], [B, T, HV V]
  View<T, 3> beta;     // [B, T, HV]
};

/// The gradients of `delta_inputs`, all added to: dx [B T, D] and those of the parameters.
template <Real T>
void delta_inputs_backward(const DeltaInputsConfig& config, const DeltaInputsParams<T>& params, View<const T, 3> x,
                           const DeltaInputsCache<T>& cache, std::type_identity_t<DeltaInputsGradients<T>> d, MatrixRef<T> dx,
                           DeltaInputsParams<T>& gradients) {
  const detail::Branches<T> branches(config, params);
  branches.q.backward(x, cache.q, d.q, dx, gradients.q_proj, gradients.q_conv1d);
  branches.k.backward(x, cache.k, d.k, dx, gradients.k_proj, gradients.k_conv1d);
  branches.v.backward(x, cache.v, d.v, dx, gradients.v_proj, gradients.v_conv1d);

  // forward: beta = f sigmoid(z),   z = b_proj x
  // so:      dz = dbeta beta (1 - beta / f)
  if (!params.b_proj) return;
  const auto beta = VectorMap<const T>(cache.beta.data(), cache.beta.size()).array();
  VectorMap<T>(d.beta.data, d.beta.size()).array() *= beta * (T(1) - beta / static_cast<T>(config.strength()));
  linear_backward<T>(*params.b_proj, x.rows(), d.beta.rows(), dx, *gradients.b_proj);
}

}  // namespace deltanet
