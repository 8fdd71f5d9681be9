#pragma once

#include "deltanet/layers/memory_layer.hpp"
#include "deltanet/layers/ttt_gates.hpp"

namespace deltanet {

/// Sizes and options of a test-time training layer: TTT-Linear, or with memory_depth 2 TTT-MLP.
struct TTTConfig {
  using Update = TTTUpdate;
  template <Real T>
  using GatesParams = TTTGatesParams<T>;
  template <Real T>
  using GatesCache = TTTGatesCache<T>;

  Index hidden_size = 2048;
  Index head_dim = 64;  ///< K = V
  Index num_heads = 32;
  Index memory_depth = 1;      ///< layers of the inner model: 1 for TTT-Linear, 2 for TTT-MLP
  Index memory_expansion = 4;  ///< width between them over head_dim
  /// Tokens whose gradients are taken at the same weights: part of what the model means.
  Index mini_batch = 16;
  /// theta in (0, theta_max), the paper's base learning rate, there over head_dim for keys that are not of unit length; where
  /// absent 1 for one layer and 0.1 for more.
  std::optional<double> theta_max{};
  OuterGradient outer_gradient = OuterGradient::full;
  bool use_gate = true;
  bool use_short_conv = true;
  Index conv_size = 4;
  bool conv_bias = false;
  double norm_eps = 1e-5;
  std::optional<double>
      initializer_range{};  ///< as in LinearConfig; the inner model's initial weights have a variance of their own

  [[nodiscard]] Index value_heads() const { return num_heads; }
  [[nodiscard]] Index head_v_dim() const { return head_dim; }
  [[nodiscard]] DeltaInputsConfig inputs() const { return memory_inputs_of(*this); }
  [[nodiscard]] TTTGatesConfig gates() const {
    return {.hidden_size = hidden_size,
            .num_heads = num_heads,
            .mini_batch = mini_batch,
            .theta_max = theta_max.value_or(memory_depth == 1 ? 1 : 0.1),
            .initializer_range = initializer_range};
  }
  [[nodiscard]] MemoryNetwork network() const {
    return {.key_dim = head_dim,
            .value_dim = head_dim,
            .depth = memory_depth,
            .hidden_dim = memory_expansion * head_dim,
            .bias = true,
            .norm = true,
            .residual = InnerResidual::input};
  }
  [[nodiscard]] DeepMemoryOptions scan() const { return {.mini_batch = mini_batch, .outer_gradient = outer_gradient}; }
  [[nodiscard]] DeltaOutputConfig output() const { return delta_output_of(*this, use_gate); }
};

/// Test-time training, arXiv 2407.04620: a memory M(x) = x + layer_norm(f(x)) with f linear or an MLP, both with biases, that
/// learns by plain gradient steps from the start of each mini-batch,
///
///   W_t = W_start - rate_i sum_{j <= t} theta_j grad |M(W_start; k_j) - v_j|^2 / 2,     o_t = M(W_t; q_t),
///   theta = theta_max sigmoid(theta_proj x),   rate_i = max(0, 1 / (i + 1) + learnable_token_idx_i) at place i of a mini-batch
///
/// With the residual, f learns v - k. Queries, keys, values and the output are those of NeuralMemory: unlike the paper, q and k
/// have unit length, values pass through silu, and there are no rotary positions.
template <Real T>
using TTT = MemoryLayer<T, TTTConfig>;

static_assert(Layer<TTT<float>>);

}  // namespace deltanet
