#pragma once

#include "deltanet/layers/delta_inputs.hpp"
#include "deltanet/layers/delta_output.hpp"

/// What layers whose heads are given by their width make of the options that they share by name: hidden_size, head_dim,
/// expand_v, num_heads, num_v_heads, use_short_conv, conv_size, conv_bias, norm_eps, initializer_range.
namespace deltanet {

/// The inputs, with keys of width head_dim and values of width head_v_dim().
template <class Config>
[[nodiscard]] DeltaInputsConfig delta_inputs_of(const Config& config) {
  DeltaInputsConfig inputs{.hidden_size = config.hidden_size,
                           .num_heads = config.num_heads,
                           .num_v_heads = config.value_heads(),
                           .head_k_dim = config.head_dim,
                           .head_v_dim = config.head_v_dim(),
                           .use_short_conv = config.use_short_conv,
                           .conv_size = config.conv_size,
                           .conv_bias = config.conv_bias,
                           .initializer_range = config.initializer_range};
  if constexpr (requires { config.allow_neg_eigval; }) inputs.allow_neg_eigval = config.allow_neg_eigval;
  return inputs;
}

/// The output, with or without a gate.
template <class Config>
[[nodiscard]] DeltaOutputConfig delta_output_of(const Config& config, bool use_gate, NormGate gate = NormGate::silu) {
  return {.hidden_size = config.hidden_size,
          .num_v_heads = config.value_heads(),
          .head_v_dim = config.head_v_dim(),
          .use_gate = use_gate,
          .gate = gate,
          .norm_eps = config.norm_eps,
          .initializer_range = config.initializer_range};
}

/// Throws unless head_dim * expand_v is a whole number.
template <class Config>
void expect_integral_head_v_dim(const Config& config) {
  expect(static_cast<double>(config.head_v_dim()) == static_cast<double>(config.head_dim) * config.expand_v,
         "expand_v: expected an integral head_dim * expand_v, got ", config.head_dim, " * ", config.expand_v);
}

}  // namespace deltanet
