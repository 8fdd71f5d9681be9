#pragma once

#include "deltanet/layers/delta_config.hpp"
#include "deltanet/layers/delta_layer.hpp"
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
    inputs.qk_norm = QKNorm::none;
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

/// What its gates keep for backward.
template <Real T>
struct StateSpaceDualityGates {
  DiscretizationCache<T> steps;
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
class StateSpaceDuality : public DeltaLayer<StateSpaceDuality<T>, T, ScalarDecayRule, StateSpaceDualityConfig,
                                            StateSpaceDualityParams<T>, StateSpaceDualityGates<T>> {
  using Base = DeltaLayer<StateSpaceDuality, T, ScalarDecayRule, StateSpaceDualityConfig, StateSpaceDualityParams<T>,
                          StateSpaceDualityGates<T>>;
  friend Base;

 public:
  using Base::config, Base::params;
  using typename Base::Cache, typename Base::Config, typename Base::Params, typename Base::State;

  explicit StateSpaceDuality(const Config& config_) : Base(checked(config_)) {
    static_cast<DiscretizationParams<T>&>(params) = discretization_params<T>(config.hidden_size, config.value_heads());
    params.D.setZero(config.value_heads());
  }

 private:
  static const Config& checked(const Config& config) {
    expect_integral_head_v_dim(config);
    return config;
  }

  void initialize_gates(Random& random) {
    initialize_discretization<T>(params, config.initializer_range, random);
    params.D.setOnes();
  }

  void gates(View<const T, 3> x, Cache& cache) const { discretize<T>(params, x, cache.inputs.v.out, cache.steps); }
  void gates_backward(const Cache& cache, auto& d, MatrixRef<T> dx, Params& gradients) const {
    discretize_backward<T>(params, cache.x, cache.inputs.v.out, cache.steps, {d.g, detail::as_row_of_heads(d.v)}, dx,
                           gradients);
  }

  Tensor<T, 4> mix(View<const T, 3> x, Cache& cache, State* state, ScanCache<T>* scan) const {
    Tensor<T, 4> o = Base::mix(x, cache, state, scan);
    add_skip(cache.inputs.v.out, rows(o));
    return o;
  }

  auto mix_backward(const Cache& cache, const Tensor<T, 4>& d_o, MatrixRef<T> dx, Params& gradients) const {
    auto d = Base::mix_backward(cache, d_o, dx, gradients);
    add_skip_backward(cache.inputs.v.out, rows(d_o), rows(d.v), gradients);
    return d;
  }

  [[nodiscard]] ScanOptions<T> scan_options(const Cache& cache) const {
    auto options = Base::scan_options(cache);
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
    const Vector<T> ones = Vector<T>::Ones(dD.rows());
    gradients.D.noalias() += dD.transpose() * ones;
  }
};

static_assert(Layer<StateSpaceDuality<float>>);

}  // namespace deltanet
