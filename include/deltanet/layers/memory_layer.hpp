#pragma once

#include "deltanet/core/zeros.hpp"
#include "deltanet/layers/delta_config.hpp"
#include "deltanet/layers/delta_state.hpp"
#include "deltanet/layers/retrieval.hpp"
#include "deltanet/recurrence/deep_memory.hpp"
#include "deltanet/recurrence/retrieve.hpp"

/// A layer over deep memories, for any update rule: Titans' (neural_memory.hpp) and test-time training (ttt.hpp).
namespace deltanet {

/// What the Config of a memory layer makes of the options that it shares by name with delta-rule layers.
template <class Config>
[[nodiscard]] DeltaInputsConfig memory_inputs_of(const Config& config) {
  DeltaInputsConfig inputs = delta_inputs_of(config);
  inputs.use_beta = false;
  return inputs;
}

template <Real T, class Gates>
struct MemoryLayerParams : DeltaInputsParams<T>, Gates, DeltaOutputParams<T> {
  MemoryParams<T> memory;

  static constexpr auto fields() {
    return std::tuple_cat(DeltaInputsParams<T>::fields(), Gates::fields(),
                          std::tuple{Field{"memory", &MemoryLayerParams::memory}}, DeltaOutputParams<T>::fields());
  }
};

/// What a memory layer carries from call to call. A parameter list too, so that it can be saved.
template <Real T>
struct MemoryLayerState {
  DeepMemoryState<T> memory;
  ConvolutionStates<T> conv_state;

  static constexpr auto fields() {
    return std::tuple{Field{"memory", &MemoryLayerState::memory}, Field{"conv_state", &MemoryLayerState::conv_state}};
  }
};

/// [B, T, D] -> [B, T, D]: queries, keys and values as a delta-rule layer makes them (q and k of unit length), gates as the
/// update rule has them, deep memories as Config::network() and Config::scan() say, and a delta-rule layer's output.
///
/// A Config names its update rule as `Update`, and what its gates learn and keep as GatesParams and GatesCache; the functions
/// memory_gates.. of that rule's gates do the rest. A state given to `forward` counts as a constant: no gradient reaches the
/// tokens before it, unless `backward` is asked for that by the state. A RetrievableMemory (retrieval.hpp).
template <Real T, class Config_>
class MemoryLayer {
 public:
  using Scalar = T;
  using Config = Config_;
  using Update = typename Config::Update;
  using Params = MemoryLayerParams<T, typename Config::template GatesParams<T>>;
  using State = MemoryLayerState<T>;
  struct Cache {
    Tensor<T, 3> x;  // [B, T, D]
    DeltaInputsCache<T> inputs;
    Tensor<T, 4> q, k;  // [B, T, H, K]: of unit length
    typename Config::template GatesCache<T> gates;
    DeepMemoryCache<T> memory;
    bool from_initial;  // whether the memory began with the initial weights
    DeltaOutputCache<T> output;
  };
  using RetrievalState = BasicRetrievalState<T, 3>;
  using RetrievalCache = BasicRetrievalCache<T, 3>;

  Config config;
  Params params;

  explicit MemoryLayer(const Config& config_) : config(config_) {
    expect(config.mini_batch >= 1, "mini_batch: expected at least 1, got ", config.mini_batch);
    static_cast<DeltaInputsParams<T>&>(params) = delta_inputs_params<T>(config.inputs());
    static_cast<typename Config::template GatesParams<T>&>(params) = memory_gates_params<T>(config.gates());
    static_cast<DeltaOutputParams<T>&>(params) = delta_output_params<T>(config.output());
    params.memory = memory_params<T>(config.network(), config.num_heads);
  }

  void initialize(Random& random) {
    const FlushToZero flush;
    initialize_delta_inputs<T>(params, config.inputs(), random);
    initialize_memory_gates<T>(params, config.gates(), random);
    initialize_memory(params.memory, config.network(), random);
    initialize_delta_output<T>(params, config.output(), random);
  }

  [[nodiscard]] State initial_state(Index N) const {
    return {initial_deep_memory_state(params.memory, N), initial_convolution_states<T>(DeltaStateSizes(config.inputs()), N)};
  }

  Tensor<T, 3> forward(View<const T, 3> x, State* state = nullptr, Cache* cache = nullptr,
                       const Sequences& sequences = {}) const {
    const FlushToZero flush;
    Cache own;
    Cache& kept = cache ? *cache : own;
    if (cache) detail::keep(x, cache->x);
    const Index N = prepare(x, state, sequences, kept, pass_of(cache));
    auto result = deep_memory(config.network(), params.memory, scan_inputs(kept),
                              state ? state->memory : initial_deep_memory_state(params.memory, N), scan_options(kept),
                              cache ? &cache->memory : nullptr);
    kept.output.o = std::move(result.o);
    kept.from_initial = !state;
    if (state) {
      state->memory = std::move(result.final_state);
      shift_convolution_states(config.inputs(), kept.inputs, state->conv_state);
    }
    return delta_output<T>(config.output(), params, x, kept.output, pass_of(cache));
  }

  Tensor<T, 2> step(View<const T, 2> x, State& state) const { return detail::step_by_forward(*this, x, state); }

  /// Writes the tokens x [B, T, D] and reads nothing.
  void update(View<const T, 3> x, State& state, const Sequences& sequences = {}) const {
    Cache own;
    prepare(x, &state, sequences, own, Pass::inference);
    auto in = scan_inputs(own);
    in.q = {};
    state.memory = deep_memory(config.network(), params.memory, in, state.memory, scan_options(own)).final_state;
    shift_convolution_states(config.inputs(), own.inputs, state.conv_state);
  }

  static const Tensor<T, 3>& contents(const State& state) { return state.memory.weights; }
  static Tensor<T, 3>& contents_gradient(State& dstate) { return dstate.memory.weights; }

  [[nodiscard]] RetrievalState initial_retrieval_state(Index N) const {
    State state = initial_state(N);
    return {std::move(state.memory.weights), std::move(state.conv_state.q)};
  }

  /// What the memory answers to the tokens x [B, T, D] as it is; nothing is written.
  [[nodiscard]] Tensor<T, 3> retrieve(View<const T, 3> x, RetrievalState& state, RetrievalCache* cache = nullptr,
                                      const Sequences& sequences = {}) const {
    const FlushToZero flush;
    RetrievalCache own;
    RetrievalCache& kept = cache ? *cache : own;
    retrieval_queries<T>(config.inputs(), params, x, state.conv_state, kept, sequences, pass_of(cache));
    kept.output.o = deltanet::retrieve<T>(config.network(), params.memory, kept.q, state.contents, 1, sequences);
    if (cache) cache->contents = state.contents;
    return delta_output<T>(config.output(), params, x, kept.output, pass_of(cache));
  }
  [[nodiscard]] Tensor<T, 3> retrieve(View<const T, 3> x, const State& state) const {
    const FlushToZero flush;
    RetrievalState apart{contents(state), state.conv_state.q};
    return retrieve(x, apart);
  }

  Tensor<T, 3> retrieve_backward(const RetrievalCache& cache, View<const T, 3> dy, Params& gradients,
                                 RetrievalState* dstate) const {
    const FlushToZero flush;
    const View<const T, 3> x = cache.x;
    Tensor<T, 3> dx = zeros<T>(x.shape[0], x.shape[1], x.shape[2]);
    const Tensor<T, 4> d_o = delta_output_backward<T>(config.output(), params, x, cache.output, dy, rows(dx), gradients);
    auto d = deltanet::retrieve_backward<T>(config.network(), params.memory, cache.q, cache.contents, d_o, 1, cache.sequences);
    add_parameters(gradients.memory, d.params);
    dstate->contents += d.weights;
    retrieval_queries_backward<T>(config.inputs(), params, cache, d.q, rows(dx), gradients,
                                  config.use_short_conv ? &dstate->conv_state : nullptr);
    return dx;
  }

  void initial_state_backward(const State& d, Params& gradients) const {
    initial_deep_memory_state_backward(d.memory, gradients.memory);
  }

  /// Where dstate is not null, it is the gradient by the state after, and becomes that by the state before, of a forward with a
  /// state.
  Tensor<T, 3> backward(const Cache& cache, View<const T, 3> dy, Params& gradients, State* dstate = nullptr) const {
    const FlushToZero flush;
    const View<const T, 3> x = cache.x;
    expect_shape("dy", dy, {{"B", x.shape[0]}, {"T", x.shape[1]}, {"D", x.shape[2]}});
    Tensor<T, 3> dx = zeros<T>(x.shape[0], x.shape[1], x.shape[2]);
    const Tensor<T, 4> d_o = delta_output_backward<T>(config.output(), params, x, cache.output, dy, rows(dx), gradients);
    auto [d, dmemory, dbefore] = deep_memory_backward(
        config.network(), params.memory, scan_inputs(cache), cache.memory,
        DeepMemoryCotangents<T>{.o = d_o, .final_state = dstate ? &dstate->memory : nullptr}, scan_options(cache));
    if (cache.from_initial) initial_deep_memory_state_backward(dbefore, dmemory);
    if (dstate) dstate->memory = std::move(dbefore);
    add_parameters(gradients.memory, dmemory);
    memory_gates_backward<T>(config.gates(), params, x, cache.gates, d, rows(dx), gradients);
    l2_norm_backward<T>(heads(cache.inputs.q).rows(), rows(cache.q), rows(d.q));
    l2_norm_backward<T>(heads(cache.inputs.k).rows(), rows(cache.k), rows(d.k));
    delta_inputs_backward<T>(config.inputs(), params, x, cache.inputs,
                             {detail::as_row_of_heads(d.q), detail::as_row_of_heads(d.k), detail::as_row_of_heads(d.v), {}},
                             rows(dx), gradients, dstate && config.use_short_conv ? &dstate->conv_state : nullptr);
    return dx;
  }

 private:
  [[nodiscard]] View<const T, 4> heads(const BranchCache<T>& branch) const {
    return detail::as_heads<const T>(branch.out, config.num_heads);
  }

  static void add_parameters(MemoryParams<T>& to, const MemoryParams<T>& from) {
    to.weights += from.weights;
    if (!to.norm_weight) return;
    *to.norm_weight += *from.norm_weight;
    *to.norm_bias += *from.norm_bias;
  }

  /// Fills the cache with what the memory reads of the tokens, and returns the number of their sequences.
  Index prepare(View<const T, 3> x, const State* state, const Sequences& sequences, Cache& cache, Pass pass) const {
    expect_shape("x", x, {{"B", x.shape[0]}, {"T", x.shape[1]}, {"D", config.hidden_size}});
    const Index N = sequences.count(x.shape[0], x.shape[1]);
    if (state) {
      expect_convolution_states(DeltaStateSizes(config.inputs()), N, state->conv_state);
      expect(state->memory.position.size() == N, "state.position: expected N=", N, " entries, got ",
             state->memory.position.size());
    }
    delta_inputs<T>(config.inputs(), params, x, state ? state->conv_state : ConvolutionStates<T>(), cache.inputs, sequences,
                    pass);
    for (auto* rows : {&cache.q, &cache.k}) rows->resize(x.shape[0], x.shape[1], config.num_heads, config.head_dim);
    l2_norm<T>(heads(cache.inputs.q).rows(), rows(cache.q));
    l2_norm<T>(heads(cache.inputs.k).rows(), rows(cache.k));
    memory_gates<T>(config.gates(), params, x, state ? state->memory.position : Vector<T>(Vector<T>::Zero(N)), sequences,
                    cache.gates);
    return N;
  }

  [[nodiscard]] DeepMemoryOptions scan_options(const Cache& cache) const {
    DeepMemoryOptions options = config.scan();
    options.sequences = cache.inputs.sequences;
    return options;
  }

  [[nodiscard]] typename Update::template Inputs<T> scan_inputs(const Cache& cache) const {
    typename Update::template Inputs<T> in{.q = cache.q, .k = cache.k, .v = heads(cache.inputs.v)};
    set_memory_gates<T>(cache.gates, in);
    return in;
  }
};

}  // namespace deltanet
