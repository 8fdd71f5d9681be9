#pragma once

#include "deltanet/layers/delta_config.hpp"
#include "deltanet/layers/delta_scan.hpp"
#include "deltanet/layers/delta_state.hpp"
#include "deltanet/layers/discretization.hpp"
#include "deltanet/memory/hebbian.hpp"

namespace deltanet {

/// Sizes and options of a layer of Mamba-2's state-space duality, by the names of the delta-rule layers: head_dim is Mamba-2's
/// d_state, num_heads its ngroups, num_v_heads its nheads and head_v_dim() its headdim. The defaults are Mamba-2's.
struct StateSpaceDualityConfig {
  Index hidden_size = 2048;
  double expand_v = 0.5;  ///< V = head_dim * expand_v
  Index head_dim = 128;
  Index num_heads = 1;
  std::optional<Index> num_v_heads = 64;  ///< a multiple of num_heads; num_heads where absent
  bool use_gate = true;
  bool use_short_conv = true;
  Index conv_size = 4;
  bool conv_bias = true;
  double norm_eps = 1e-5;
  /// Weights are drawn from normal(0, initializer_range); where absent, as PyTorch draws those of nn.Linear and nn.Conv1d.
  std::optional<double> initializer_range{};

  [[nodiscard]] Index value_heads() const { return num_v_heads.value_or(num_heads); }
  [[nodiscard]] Index head_v_dim() const { return static_cast<Index>(static_cast<double>(head_dim) * expand_v); }

  [[nodiscard]] DeltaInputsConfig inputs() const {
    DeltaInputsConfig inputs = delta_inputs_of(*this);
    inputs.use_beta = false;
    return inputs;
  }
  [[nodiscard]] DeltaOutputConfig output() const { return delta_output_of(*this, use_gate); }
};

template <Real T>
struct StateSpaceDualityParams : DeltaInputsParams<T>, DiscretizationParams<T>, DeltaOutputParams<T> {
  Vector<T> D;  // [HV]: how much of its value each token reads beside the memory

  static constexpr auto fields() {
    return std::tuple_cat(DeltaInputsParams<T>::fields(), DiscretizationParams<T>::fields(),
                          std::tuple{Field{"D", &StateSpaceDualityParams::D, no_weight_decay}}, DeltaOutputParams<T>::fields());
  }
};

/// The state-space duality of Mamba-2, arXiv 2405.21060, in the names of linear attention (q is its C, k its B, v its x):
///
///   q, k, v = silu(conv(q_proj x)), silu(conv(k_proj x)), silu(conv(v_proj x)),   no norm,
///   dt = softplus(dt_proj x + dt_bias),   g = -exp(A_log) dt
///   S_t = exp(g_t) S_{t-1} + k_t (dt_t v_t)^T,   o_t = S_t^T q_t + D v_t                        (for every value head)
///   y = o_proj(o_norm(o) silu(g_proj x))                                                (the gate where use_gate)
///
/// A Hebbian memory: nothing is predicted, so writes add up and interfere. Mamba-2's own layer makes all projections by one
/// matrix, and its norm comes after the gate and is over all heads; here both are as in the delta-rule layers.
///
/// [B, T, D] -> [B, T, D]. A state given to `forward` counts as a constant: no gradient reaches the tokens before it.
template <Real T>
class StateSpaceDuality {
 public:
  using Scalar = T;
  using Config = StateSpaceDualityConfig;
  using Params = StateSpaceDualityParams<T>;
  using State = DeltaState<T>;
  struct Cache {
    Tensor<T, 3> x;  // [B, T, D]
    DeltaInputsCache<T> inputs;
    DiscretizationCache<T> steps;
    ScanCache<T> scan;
    DeltaOutputCache<T> output;
  };

  Config config;
  Params params;

  explicit StateSpaceDuality(const Config& config_) : config(config_) {
    expect_integral_head_v_dim(config);
    static_cast<DeltaInputsParams<T>&>(params) = delta_inputs_params<T>(config.inputs());
    static_cast<DiscretizationParams<T>&>(params) = discretization_params<T>(config.hidden_size, config.value_heads());
    params.D.setZero(config.value_heads());
    static_cast<DeltaOutputParams<T>&>(params) = delta_output_params<T>(config.output());
  }

  void initialize(Random& random) {
    initialize_delta_inputs<T>(params, config.inputs(), random);
    initialize_discretization<T>(params, config.initializer_range, random);
    params.D.setOnes();
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
    discretize<T>(params, x, kept.inputs.v.out, kept.steps);
    kept.output.o = delta_scan(scan_inputs(kept), without_norm(), state, cache ? &cache->scan : nullptr);
    add_skip(kept.inputs.v.out, rows(kept.output.o));
    if (state) shift_convolution_states(sizes, kept.inputs, *state);
    return delta_output<T>(config.output(), params, x, kept.output);
  }

  Tensor<T, 2> step(View<const T, 2> x, State& state) const { return detail::step_by_forward(*this, x, state); }

  Tensor<T, 3> backward(const Cache& cache, View<const T, 3> dy, Params& gradients) const {
    const View<const T, 3> x = cache.x;
    expect_shape("dy", dy, {{"B", x.shape[0]}, {"T", x.shape[1]}, {"D", x.shape[2]}});
    Tensor<T, 3> dx = zeros<T>(x.shape[0], x.shape[1], x.shape[2]);
    const Tensor<T, 4> d_o = delta_output_backward<T>(config.output(), params, x, cache.output, dy, rows(dx), gradients);
    auto d = delta_scan_backward(scan_inputs(cache), without_norm(), cache.scan, d_o);
    const View<T, 3> dv = detail::as_row_of_heads(d.v);
    discretize_backward<T>(params, x, cache.inputs.v.out, cache.steps, {d.g, dv}, rows(dx), gradients);
    add_skip_backward(cache.inputs.v.out, rows(d_o), rows(d.v), gradients);
    delta_inputs_backward<T>(config.inputs(), params, x, cache.inputs,
                             {detail::as_row_of_heads(d.q), detail::as_row_of_heads(d.k), dv, {}}, rows(dx), gradients);
    return dx;
  }

 private:
  static ScanOptions<T> without_norm() {
    ScanOptions<T> options;
    options.scale = T(1);
    return options;
  }

  [[nodiscard]] ScalarDecayRule::Inputs<T> scan_inputs(const Cache& cache) const {
    return {.q = detail::as_heads<const T>(cache.inputs.q.out, config.num_heads),
            .k = detail::as_heads<const T>(cache.inputs.k.out, config.num_heads),
            .v = detail::as_heads<const T>(cache.steps.v, config.value_heads()),
            .g = cache.steps.g};
  }

  /// o += D v for every head's row; o [B T HV, V].
  void add_skip(View<const T, 3> v, MatrixRef<T> o) const {
    const MatrixMap<const T> values(v.data, o.rows(), o.cols());
    detail::RowPieces(o.rows(), o.cols()).for_each([&](Index, Index first, Index count) {
      for (Index i = first; i < first + count; ++i) o.row(i) += params.D[i % params.D.size()] * values.row(i);
    });
  }

  // forward: o += D v
  // so:      dv += D do,   dD += <do, v>
  void add_skip_backward(View<const T, 3> v, ConstMatrixRef<T> d_o, MatrixRef<T> dv, Params& gradients) const {
    const Index HV = params.D.size();
    const MatrixMap<const T> values(v.data, d_o.rows(), d_o.cols());
    Matrix<T> dD(d_o.rows() / HV, HV);
    detail::RowPieces(d_o.rows(), d_o.cols()).for_each([&](Index, Index first, Index count) {
      for (Index i = first; i < first + count; ++i) {
        dv.row(i) += params.D[i % HV] * d_o.row(i);
        dD.data()[i] = d_o.row(i).dot(values.row(i));
      }
    });
    gradients.D.noalias() += dD.transpose() * Vector<T>::Ones(dD.rows());
  }
};

static_assert(Layer<StateSpaceDuality<float>>);

}  // namespace deltanet
