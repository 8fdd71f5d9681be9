#pragma once

#include "deltanet/layers/delta_inputs.hpp"

namespace deltanet {

/// What a delta-rule layer carries from call to call. A parameter list too, so that it can be saved.
template <Real T>
struct DeltaState {
  Tensor<T, 4> recurrent_state;  // [B, HV, K, V]
  ConvolutionStates<T> conv_state;

  static constexpr auto fields() {
    return std::tuple{Field{"recurrent_state", &DeltaState::recurrent_state}, Field{"conv_state", &DeltaState::conv_state}};
  }
};

/// Zeros for `batch` sequences.
template <Real T>
[[nodiscard]] DeltaState<T> initial_delta_state(const DeltaInputsConfig& config, Index batch) {
  DeltaState<T> state{zeros<T>(batch, config.num_v_heads, config.head_k_dim, config.head_v_dim), {}};
  if (config.use_short_conv) {
    state.conv_state.q = state.conv_state.k = zeros<T>(batch, config.key_dim(), config.conv_size);
    state.conv_state.v = zeros<T>(batch, config.value_dim(), config.conv_size);
  }
  return state;
}

/// Throws unless the state is one of `batch` sequences for this config.
template <Real T>
void expect_delta_state(const DeltaInputsConfig& config, Index batch, const DeltaState<T>& state) {
  expect_shape("recurrent_state", View<const T, 4>(state.recurrent_state),
               {{"B", batch}, {"HV", config.num_v_heads}, {"K", config.head_k_dim}, {"V", config.head_v_dim}});
  if (!config.use_short_conv) return;
  const auto expect_conv_state = [&](std::string_view name, const std::optional<Tensor<T, 3>>& conv_state, Index width) {
    const View<const T, 3> view = conv_state ? View<const T, 3>(*conv_state) : View<const T, 3>();
    expect_shape(name, view, {{"B", batch}, {"D", width}, {"W", config.conv_size}});
  };
  expect_conv_state("conv_state.q", state.conv_state.q, config.key_dim());
  expect_conv_state("conv_state.k", state.conv_state.k, config.key_dim());
  expect_conv_state("conv_state.v", state.conv_state.v, config.value_dim());
}

/// Shifts the tokens of a `delta_inputs` into the convolutions' states.
template <Real T>
void shift_convolution_states(const DeltaInputsConfig& config, const DeltaInputsCache<T>& cache, DeltaState<T>& state) {
  if (!config.use_short_conv) return;
  shift_convolution_state<T>(cache.q.projected, *state.conv_state.q);
  shift_convolution_state<T>(cache.k.projected, *state.conv_state.k);
  shift_convolution_state<T>(cache.v.projected, *state.conv_state.v);
}

}  // namespace deltanet
