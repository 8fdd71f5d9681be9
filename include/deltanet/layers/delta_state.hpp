#pragma once

#include "deltanet/core/zeros.hpp"
#include "deltanet/layers/delta_inputs.hpp"

namespace deltanet {

/// What a delta-rule layer carries from call to call. A parameter list too, so that it can be saved.
template <Real T>
struct DeltaState {
  Tensor<T, 4> recurrent_state;  // [N, HV, K, V]; with momentum [N, HV, 2 K, V]: the memory's rows, then the momentum's
  ConvolutionStates<T> conv_state;

  static constexpr auto fields() {
    return std::tuple{Field{"recurrent_state", &DeltaState::recurrent_state}, Field{"conv_state", &DeltaState::conv_state}};
  }
};

/// The sizes of the state of one sequence: those of the layer's inputs, where nothing else is said.
struct DeltaStateSizes {
  Index num_v_heads, head_k_dim, head_v_dim;
  Index rows;                        // the member's state_rows(K)
  Index q_width, k_width, v_width;   // of what the convolutions read of a token
  std::optional<Index> conv_size{};  // absent where there are no convolutions

  DeltaStateSizes(const DeltaInputsConfig& config)
      : num_v_heads(config.num_v_heads),
        head_k_dim(config.head_k_dim),
        head_v_dim(config.head_v_dim),
        rows(config.head_k_dim),
        q_width(config.key_dim()),
        k_width(config.key_dim()),
        v_width(config.value_dim()) {
    if (config.use_short_conv) conv_size = config.conv_size;
  }
};

/// Zeros for N sequences.
template <Real T>
[[nodiscard]] DeltaState<T> initial_delta_state(const DeltaStateSizes& sizes, Index N) {
  DeltaState<T> state{zeros<T>(N, sizes.num_v_heads, sizes.rows, sizes.head_v_dim), {}};
  if (sizes.conv_size) {
    state.conv_state.q = zeros<T>(N, sizes.q_width, *sizes.conv_size);
    state.conv_state.k = zeros<T>(N, sizes.k_width, *sizes.conv_size);
    state.conv_state.v = zeros<T>(N, sizes.v_width, *sizes.conv_size);
  }
  return state;
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
template <Real T>
void expect_delta_state(const DeltaStateSizes& sizes, Index N, const DeltaState<T>& state) {
  const Axis rows{sizes.rows == sizes.head_k_dim ? "K" : "2K", sizes.rows};
  expect_shape("recurrent_state", View<const T, 4>(state.recurrent_state),
               {{"N", N}, {"HV", sizes.num_v_heads}, rows, {"V", sizes.head_v_dim}});
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
template <Real T>
void shift_convolution_states(const DeltaInputsConfig& config, const DeltaInputsCache<T>& cache, DeltaState<T>& state) {
  shift_convolution_states(config, cache, state.conv_state);
}

}  // namespace deltanet
