#pragma once

#include "deltanet/layers/delta_inputs.hpp"
#include "deltanet/recurrence/recurrent_state.hpp"

namespace deltanet {

/// What a delta-rule layer with the memory M carries from call to call. A parameter list too, so that it can be saved.
template <Real T, class M>
struct DeltaState : RecurrentState<T, M> {
  ConvolutionStates<T> conv_state;

  static constexpr auto fields() {
    return std::tuple_cat(RecurrentState<T, M>::fields(), std::tuple{Field{"conv_state", &DeltaState::conv_state}});
  }
};

/// The sizes of the state of one sequence: those of the layer's inputs, where nothing else is said.
struct DeltaStateSizes {
  Index num_v_heads, head_k_dim, head_v_dim;
  Index q_width, k_width, v_width;   // of what the convolutions read of a token
  std::optional<Index> conv_size{};  // absent where there are no convolutions

  DeltaStateSizes(const DeltaInputsConfig& config)
      : num_v_heads(config.num_v_heads),
        head_k_dim(config.head_k_dim),
        head_v_dim(config.head_v_dim),
        q_width(config.key_dim()),
        k_width(config.key_dim()),
        v_width(config.value_dim()) {
    if (config.use_short_conv) conv_size = config.conv_size;
  }
};

/// Writes what waits (RecurrentState::settle) in all states of delta-rule layers that a layer's or model's state has.
template <class State>
void settle(State& state) {
  if constexpr (requires { state.settle(); }) {
    state.settle();
  } else if constexpr (detail::is_vector_of<State>) {
    for (auto& part : state) settle(part);
  } else if constexpr (detail::is_optional_of<State>) {
    if (state) settle(*state);
  } else if constexpr (Parameters<State>) {
    std::apply([&](const auto&... field) { (settle(state.*(field.member)), ...); }, State::fields());
  }
}

/// Zeros for the convolutions of N sequences.
template <Real T>
[[nodiscard]] ConvolutionStates<T> initial_convolution_states(const DeltaStateSizes& sizes, Index N) {
  if (!sizes.conv_size) return {};
  const auto state = [&](Index width) { return zeros<T>(N, width, *sizes.conv_size); };
  return {state(sizes.q_width), state(sizes.k_width), state(sizes.v_width)};
}

/// Zeros for N sequences.
template <Real T, class M>
[[nodiscard]] DeltaState<T, M> initial_delta_state(const DeltaStateSizes& sizes, Index N) {
  return {RecurrentState<T, M>::zero(N, sizes.num_v_heads, sizes.head_k_dim, sizes.head_v_dim),
          initial_convolution_states<T>(sizes, N)};
}

/// Throws unless the convolutions' states are those of N sequences of these sizes.
template <Real T>
void expect_convolution_states(const DeltaStateSizes& sizes, Index N, const ConvolutionStates<T>& states) {
  if (!sizes.conv_size) return;
  const auto expect_conv_state = [&](std::string_view name, const std::optional<Tensor<T, 3>>& conv_state, Index width) {
    const View<const T, 3> view = conv_state ? View<const T, 3>(*conv_state) : View<const T, 3>();
    expect_shape(name, view, {{"N", N}, {"D", width}, {"W", *sizes.conv_size}});
  };
  expect_conv_state("conv_state.q", states.q, sizes.q_width);
  expect_conv_state("conv_state.k", states.k, sizes.k_width);
  expect_conv_state("conv_state.v", states.v, sizes.v_width);
}

/// Throws unless the state is one of N sequences of these sizes.
template <Real T, class M>
void expect_delta_state(const DeltaStateSizes& sizes, Index N, const DeltaState<T, M>& state) {
  state.expect_sizes(N, sizes.num_v_heads, sizes.head_k_dim, sizes.head_v_dim);
  expect_convolution_states(sizes, N, state.conv_state);
}

/// Shifts the tokens of a `delta_inputs` into the convolutions' states.
template <Real T>
void shift_convolution_states(const DeltaInputsConfig& config, const DeltaInputsCache<T>& cache, ConvolutionStates<T>& states) {
  if (!config.use_short_conv) return;
  shift_convolution_state<T>(cache.q.projected, *states.q, cache.sequences);
  shift_convolution_state<T>(cache.k.projected, *states.k, cache.sequences);
  shift_convolution_state<T>(cache.v.projected, *states.v, cache.sequences);
}

}  // namespace deltanet
