#pragma once

#include "deltanet/layers/memory_layer.hpp"
#include "deltanet/layers/titans_gates.hpp"

namespace deltanet {

/// Sizes and options of Titans' neural memory. The paper gives the equations; widths, activation, bounds and initial values are
/// ours (recurrence/TITANS.md says why).
struct NeuralMemoryConfig {
  using Update = TitansUpdate;
  template <Real T>
  using GatesParams = TitansGatesParams<T>;
  template <Real T>
  using GatesCache = TitansGatesCache<T>;

  Index hidden_size = 2048;
  Index head_dim = 64;  ///< K = V
  Index num_heads = 32;
  Index memory_depth = 2;      ///< layers of the memory's network: L_M in the paper, 1 to 4 there
  Index memory_expansion = 4;  ///< width between them over head_dim
  InnerActivation memory_activation = InnerActivation::gelu_tanh;
  /// What the network makes is brought to unit variance and added to the key, so that its loss grows no steeper as its weights
  /// grow: without both, networks of three layers and more diverge while they are trained.
  bool memory_norm = true;
  InnerResidual memory_residual = InnerResidual::input;
  /// Tokens whose gradients are taken at the same weights: part of what the model means, b in the paper.
  Index mini_batch = 16;
  double eta_max = 0.5;               ///< eta in (0, eta_max); 0 for a memory without momentum
  std::optional<double> theta_max{};  ///< theta in (0, theta_max); `default_theta_max` where absent
  bool decay_to_initial = true;       ///< forget towards the learnt initial weights, not towards zero
  OuterGradient outer_gradient = OuterGradient::full;
  bool use_gate = true;
  bool use_short_conv = true;
  Index conv_size = 4;
  bool conv_bias = false;
  double norm_eps = 1e-5;
  std::optional<double> initializer_range{};  ///< as in LinearConfig; the memory's initial weights have a variance of their own

  /// A step with which a mini-batch of equal keys corrects what the memory says of them once: theta b times the loss's
  /// curvature is 1. The curvature is |k|^2 = 1 for a network of one layer, and stays below that for more of them while their
  /// weights are those of the start; with the norm it is about the width that the last layer reads, from every layer.
  [[nodiscard]] double default_theta_max() const {
    const MemoryNetwork memory = network();
    const Index curvature = memory_norm ? memory_depth * memory.in(memory_depth - 1) : 1;
    return 1 / static_cast<double>(mini_batch * curvature);
  }
  [[nodiscard]] Index value_heads() const { return num_heads; }
  [[nodiscard]] Index head_v_dim() const { return head_dim; }
  [[nodiscard]] DeltaInputsConfig inputs() const { return memory_inputs_of(*this); }
  [[nodiscard]] TitansGatesConfig gates() const {
    return {.hidden_size = hidden_size,
            .num_heads = num_heads,
            .theta_max = theta_max.value_or(default_theta_max()),
            .eta_max = eta_max,
            .initializer_range = initializer_range};
  }
  [[nodiscard]] MemoryNetwork network() const {
    return {.key_dim = head_dim,
            .value_dim = head_dim,
            .depth = memory_depth,
            .hidden_dim = memory_expansion * head_dim,
            .activation = memory_activation,
            .norm = memory_norm,
            .residual = memory_residual};
  }
  [[nodiscard]] DeepMemoryOptions scan() const {
    return {.mini_batch = mini_batch, .decay_to_initial = decay_to_initial, .outer_gradient = outer_gradient};
  }
  [[nodiscard]] DeltaOutputConfig output() const { return delta_output_of(*this, use_gate); }
};

/// Titans' neural memory (LMM), arXiv 2501.00663, section 3, with an MLP of memory_depth layers a head as its memory:
///
///   q, k, v = silu(conv(q_proj x)), silu(conv(k_proj x)), silu(conv(v_proj x)),   q and k of unit length,
///   theta = theta_max sigmoid(theta_proj x),   eta = eta_max sigmoid(eta_proj x),   alpha = sigmoid(a_proj x)
///   Z_t = eta_t Z_{t-1} - theta_t grad l(W_start; k_t, v_t),   W_t = alpha_t (W_{t-1} - W_0) + W_0 + Z_t,
///   M(x) = x + norm(mlp(x)),   l = |M(k) - v|^2 / 2,   o_t = M(W_t; q_t),   y = o_proj(o_norm(o) silu(g_proj x))
///
/// where W_start are the weights at the start of the token's mini-batch, and W_0 (learnt) those before the first token; alpha
/// here is what is kept, 1 - alpha in the paper. [B, T, D] -> [B, T, D]. A state given to `forward` counts as a constant: no
/// gradient reaches the tokens before it. Throws std::overflow_error where the memory diverges.
template <Real T>
using NeuralMemory = MemoryLayer<T, NeuralMemoryConfig>;

static_assert(Layer<NeuralMemory<float>>);

}  // namespace deltanet
