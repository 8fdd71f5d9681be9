#pragma once

#include "deltanet/core/zeros.hpp"
#include "deltanet/layers/decay_gate.hpp"
#include "deltanet/layers/delta_config.hpp"
#include "deltanet/layers/delta_layer.hpp"
#include "deltanet/layers/momentum_gate.hpp"
#include "deltanet/layers/retrieval.hpp"
#include "deltanet/memory/delta_rule.hpp"

namespace deltanet {

/// Sizes and options of Gated DeltaNet. Names and defaults are flash-linear-attention's, beside `decay_gate` and those of
/// momentum. With num_heads * head_dim = 0.75 hidden_size a layer has about 6 hidden_size^2 parameters.
struct GatedDeltaNetConfig {
  Index hidden_size = 2048;
  double expand_v = 2;  ///< V = head_dim * expand_v
  Index head_dim = 256;
  Index num_heads = 6;
  std::optional<Index> num_v_heads{};  ///< a multiple of num_heads; num_heads where absent
  bool use_gate = true;
  bool use_short_conv = true;
  bool allow_neg_eigval = false;
  Index conv_size = 4;
  bool conv_bias = false;
  double norm_eps = 1e-5;
  DecayGate decay_gate = DecayGate::softplus;
  double eta_max = 0.5;      ///< with momentum: the most of the last surprise that may go on, in (0, 1)
  bool stable_gates = true;  ///< with momentum: keep the gates where the memory stays bounded whatever they do
  /// Weights are drawn from normal(0, initializer_range); where absent, as PyTorch draws those of nn.Linear and nn.Conv1d.
  std::optional<double> initializer_range{};

  [[nodiscard]] Index value_heads() const { return num_v_heads.value_or(num_heads); }
  [[nodiscard]] Index head_v_dim() const { return static_cast<Index>(static_cast<double>(head_dim) * expand_v); }

  [[nodiscard]] DeltaInputsConfig inputs() const { return delta_inputs_of(*this); }
  [[nodiscard]] MomentumGateConfig momentum() const {
    return {.hidden_size = hidden_size,
            .num_v_heads = value_heads(),
            .eta_max = eta_max,
            .stable_gates = stable_gates,
            .initializer_range = initializer_range};
  }
  [[nodiscard]] DeltaOutputConfig output() const { return delta_output_of(*this, use_gate); }
};

template <Real T>
struct GatedDeltaNetParams : DeltaInputsParams<T>, DecayGateParams<T>, MomentumGateParams<T>, DeltaOutputParams<T> {
  static constexpr auto fields() {
    return std::tuple_cat(DeltaInputsParams<T>::fields(), DecayGateParams<T>::fields(), MomentumGateParams<T>::fields(),
                          DeltaOutputParams<T>::fields());
  }
};

/// What its gates keep for backward.
template <Real T>
struct GatedDeltaNetGates {
  DecayGateCache<T> decay;
  MomentumGateCache<T> momentum;
};

/// Gated DeltaNet, arXiv 2412.06464, as flash-linear-attention's layer GatedDeltaNet:
///
///   q, k, v = silu(conv(q_proj x)), silu(conv(k_proj x)), silu(conv(v_proj x)),   q and k of unit length,
///   beta = sigmoid(b_proj x),   g = -exp(A_log) softplus(a_proj x + dt_bias)   (or another DecayGate)
///   S_t = exp(g_t) (I - beta_t k_t k_t^T) S_{t-1} + beta_t k_t v_t^T,   o_t = K^-0.5 S_t^T q_t   (for every value head)
///   y = o_proj(o_norm(o) silu(g_proj x))                                                (the gate where use_gate)
///
/// With HeavyBallMomentum the memory is Titans' linear one, arXiv 2501.00663, and with NesterovMomentum that with its gradient
/// taken ahead; eta and the scale of beta come from momentum_gate.hpp:
///
///   Z_t = eta_t Z_{t-1} + beta_t k_t (v_t - P_t^T k_t)^T,   S_t = exp(g_t) S_{t-1} + Z_t,
///   P_t = S_{t-1}   (Titans)   or   exp(g_t) S_{t-1} + eta_t Z_{t-1}   (Nesterov)
///
/// [B, T, D] -> [B, T, D]. A state given to `forward` counts as a constant: no gradient reaches the tokens before it, unless
/// `backward` is asked for that by the state. A RetrievableMemory (retrieval.hpp).
template <Real T, class Momentum = NoMomentum>
class GatedDeltaNet : public DeltaLayer<GatedDeltaNet<T, Momentum>, T, typename Momentum::Member, GatedDeltaNetConfig,
                                        GatedDeltaNetParams<T>, GatedDeltaNetGates<T>> {
  using Base = DeltaLayer<GatedDeltaNet, T, typename Momentum::Member, GatedDeltaNetConfig, GatedDeltaNetParams<T>,
                          GatedDeltaNetGates<T>>;
  friend Base;

 public:
  using Base::config, Base::params;
  using typename Base::Cache, typename Base::Config, typename Base::Member, typename Base::Params, typename Base::State;
  using RetrievalState = BasicRetrievalState<T, 4>;
  using RetrievalCache = BasicRetrievalCache<T, 4>;

  explicit GatedDeltaNet(const Config& config_) : Base(checked(config_)) {
    static_cast<DecayGateParams<T>&>(params) =
        decay_gate_params<T>(config.decay_gate, config.hidden_size, config.value_heads());
    if constexpr (has_momentum<Momentum>)
      static_cast<MomentumGateParams<T>&>(params) = momentum_gate_params<T>(config.momentum());
  }

  static Tensor<T, 4> contents(const State& state) { return state.settled(); }
  static Tensor<T, 4>& contents_gradient(State& dstate) { return dstate.recurrent_state; }

  [[nodiscard]] RetrievalState initial_retrieval_state(Index N) const {
    State state = this->initial_state(N);
    return {std::move(state.recurrent_state), std::move(state.conv_state.q)};
  }

  /// What the memory answers to the tokens x [B, T, D] as it is; nothing is written.
  [[nodiscard]] Tensor<T, 3> retrieve(View<const T, 3> x, RetrievalState& state, RetrievalCache* cache = nullptr,
                                      const Sequences& sequences = {}) const {
    const FlushToZero flush;
    const DeltaStateSizes sizes = this->state_sizes();
    expect_shape("contents", View<const T, 4>(state.contents),
                 {{"N", sequences.count(x.shape[0], x.shape[1])},
                  {"HV", sizes.num_v_heads},
                  {"rows", Member::state_rows(sizes.head_k_dim)},
                  {"V", sizes.head_v_dim}});
    RetrievalCache own;
    RetrievalCache& kept = cache ? *cache : own;
    retrieval_queries<T>(config.inputs(), params, x, state.conv_state, kept, sequences, pass_of(cache));
    kept.output.o = retrieve_linear<T>(kept.q, state.contents, scale(), sequences);
    if (cache) cache->contents = state.contents;
    return delta_output<T>(config.output(), params, x, kept.output, pass_of(cache));
  }

  Tensor<T, 3> retrieve_backward(const RetrievalCache& cache, View<const T, 3> dy, Params& gradients,
                                 RetrievalState* dstate) const {
    const FlushToZero flush;
    const View<const T, 3> x = cache.x;
    Tensor<T, 3> dx = zeros<T>(x.shape[0], x.shape[1], x.shape[2]);
    const Tensor<T, 4> d_o = delta_output_backward<T>(config.output(), params, x, cache.output, dy, rows(dx), gradients);
    Tensor<T, 4> dq = retrieve_linear_backward<T>(cache.q, cache.contents, scale(), d_o, dstate->contents, cache.sequences);
    retrieval_queries_backward<T>(config.inputs(), params, cache, dq, rows(dx), gradients,
                                  config.use_short_conv ? &dstate->conv_state : nullptr);
    return dx;
  }

  using Base::backward;
  /// Where dstate is not null, it is the gradient by the state after, and becomes that by the state before, of a forward with a
  /// state.
  Tensor<T, 3> backward(const Cache& cache, View<const T, 3> dy, Params& gradients, State* dstate) const {
    const FlushToZero flush;
    return this->backward_through(
        cache, dy, gradients, dstate ? &dstate->conv_state : nullptr, [&](const Tensor<T, 4>& d_o, MatrixRef<T> dx) {
          return this->mix_backward(cache, d_o, dx, gradients, dstate ? &dstate->recurrent_state : nullptr);
        });
  }
  /// The memory begins with zeros: there is nothing to learn.
  void initial_state_backward(const State& /*d*/, Params& /*gradients*/) const {}

 private:
  [[nodiscard]] T scale() const { return 1 / std::sqrt(static_cast<T>(config.head_dim)); }

  static const Config& checked(const Config& config) {
    expect_integral_head_v_dim(config);
    expect(!has_momentum<Momentum> || !config.stable_gates || !config.allow_neg_eigval,
           "allow_neg_eigval: expected false with stable_gates, whose write strengths reach all that is stable, got true");
    return config;
  }

  void initialize_gates(Random& random) {
    initialize_decay_gate<T>(params, config.initializer_range, random);
    if constexpr (has_momentum<Momentum>) initialize_momentum_gate<T>(params, config.momentum(), random);
  }

  void gates(View<const T, 3> x, Cache& cache) const {
    decay_gate<T>(params, x, cache.decay);
    if constexpr (has_momentum<Momentum>)
      momentum_gate<T>(config.momentum(), params, x, cache.decay.g, cache.inputs.beta, cache.momentum);
  }

  void gates_backward(const Cache& cache, auto& d, MatrixRef<T> dx, Params& gradients) const {
    if constexpr (has_momentum<Momentum>)
      momentum_gate_backward<T>(config.momentum(), params, cache.x, cache.decay.g, cache.inputs.beta, cache.momentum,
                                {d.eta, d.beta, d.g}, dx, gradients);
    decay_gate_backward<T>(params, cache.x, cache.decay, d.g, dx, gradients);
  }

  [[nodiscard]] typename Member::template Inputs<T> scan_inputs(const Cache& cache) const {
    const auto& in = cache.inputs;
    typename Member::template Inputs<T> bundle{.q = detail::as_heads<const T>(in.q.out, config.num_heads),
                                               .k = detail::as_heads<const T>(in.k.out, config.num_heads),
                                               .v = detail::as_heads<const T>(in.v.out, config.value_heads()),
                                               .beta = in.beta,
                                               .g = cache.decay.g};
    if constexpr (has_momentum<Momentum>) {
      bundle.beta = cache.momentum.beta;
      bundle.eta = cache.momentum.eta;
    }
    return bundle;
  }
};

static_assert(Layer<GatedDeltaNet<float>> && Layer<GatedDeltaNet<float, HeavyBallMomentum>>);

}  // namespace deltanet
