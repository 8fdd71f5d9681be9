#pragma once

#include <optional>

#include "deltanet/core/check.hpp"
#include "deltanet/core/parameters.hpp"
#include "deltanet/core/random.hpp"
#include "deltanet/memory/inner_activation.hpp"

namespace deltanet {

/// What a deep memory adds to what its layers say of a key.
enum class InnerResidual {
  none,   ///< M(x) = f(x)
  input,  ///< M(x) = x + f(x), so that f learns v - k: TTT's
  output  ///< trained as `input` is, but read as z + norm(z), z the last layer's output: flash-linear-attention's ttt_linear
};

/// The network whose weights are a deep memory's state, one a head: an MLP of `depth` layers,
///
///   X_1 = x,   Z_l = X_l W_l (+ b_l),   X_{l+1} = activation(Z_l),   M(x) = [x +] [layer_norm] (Z_depth)
///
/// Widths: K, hidden, .., hidden, V. Weights of a head are one row of numbers: for each layer W_l [in, out], then b_l [out].
/// The norm's weight and bias, one of each a head and value channel, are parameters, not state.
struct MemoryNetwork {
  Index key_dim = 0;    ///< K
  Index value_dim = 0;  ///< V
  Index depth = 2;
  Index hidden_dim = 0;  ///< width between layers; of no meaning at depth 1
  InnerActivation activation = InnerActivation::gelu_tanh;
  bool bias = false;
  bool norm = false;
  InnerResidual residual = InnerResidual::none;
  double norm_eps = 1e-6;

  [[nodiscard]] Index in(Index layer) const { return layer == 0 ? key_dim : hidden_dim; }
  [[nodiscard]] Index out(Index layer) const { return layer + 1 == depth ? value_dim : hidden_dim; }
  /// Rows of a layer's weights: the bias is the weight of an input that is always 1.
  [[nodiscard]] Index rows(Index layer) const { return in(layer) + (bias ? 1 : 0); }
  /// Where a layer's weights begin in a head's; `offset(depth)` is the size P of all.
  [[nodiscard]] Index offset(Index layer) const {
    Index sum = 0;
    for (Index l = 0; l < layer; ++l) sum += rows(l) * out(l);
    return sum;
  }
  [[nodiscard]] Index size() const { return offset(depth); }

  /// A layer of a head's weights, [rows, out].
  template <class T>
  [[nodiscard]] MatrixMap<T> layer(Index l, T* weights) const {
    return MatrixMap<T>(weights + offset(l), rows(l), out(l));
  }
};

/// Throws std::invalid_argument for a network that cannot be.
inline void expect_memory_network(const MemoryNetwork& network) {
  expect(network.key_dim > 0 && network.value_dim > 0, "memory: expected positive widths, got K=", network.key_dim,
         ", V=", network.value_dim);
  expect(network.depth >= 1, "memory.depth: expected at least 1, got ", network.depth);
  expect(network.depth == 1 || network.hidden_dim > 0, "memory.hidden_dim: expected at least 1, got ", network.hidden_dim);
  expect(network.norm_eps > 0, "memory.norm_eps: expected more than 0, got ", network.norm_eps);
  expect(network.residual == InnerResidual::none || network.key_dim == network.value_dim,
         "memory.residual: expected keys as wide as values, got K=", network.key_dim, ", V=", network.value_dim);
  expect(network.residual != InnerResidual::output || network.norm, "memory.residual: output needs the norm");
}

/// What is learnt of the deep memories of H heads: where their weights begin, and the norm. Gradients are one, too.
template <Real T>
struct MemoryParams {
  Matrix<T> weights;                     // [H, P]
  std::optional<Matrix<T>> norm_weight;  // [H, V]
  std::optional<Matrix<T>> norm_bias;    // [H, V]

  static constexpr auto fields() {
    using P = MemoryParams;
    return std::tuple{Field{"weights", &P::weights, no_weight_decay}, Field{"norm_weight", &P::norm_weight, no_weight_decay},
                      Field{"norm_bias", &P::norm_bias, no_weight_decay}};
  }
};

/// Weights zero; the norm's weight 1 and bias 0.
template <Real T>
[[nodiscard]] MemoryParams<T> memory_params(const MemoryNetwork& network, Index heads) {
  expect_memory_network(network);
  expect(heads > 0, "heads: expected at least 1, got ", heads);
  MemoryParams<T> params{Matrix<T>::Zero(heads, network.size()), {}, {}};
  if (network.norm) {
    params.norm_weight = Matrix<T>::Ones(heads, network.value_dim);
    params.norm_bias = Matrix<T>::Zero(heads, network.value_dim);
  }
  return params;
}

/// Of the same sizes, all zero: how gradients begin. Without the text that `zeros_like` makes of names on its way.
template <Real T>
[[nodiscard]] MemoryParams<T> zero_memory_params(const MemoryParams<T>& like) {
  MemoryParams<T> zero = like;
  zero.weights.setZero();
  if (zero.norm_weight) zero.norm_weight->setZero();
  if (zero.norm_bias) zero.norm_bias->setZero();
  return zero;
}

/// Draws the initial weights: of variance 1 / in, so that what layers make is about as large as what they read; biases 0, the
/// norm's weight 1 and its bias 0.
template <Real T>
void initialize_memory(MemoryParams<T>& params, const MemoryNetwork& network, Random& random) {
  for (Index head = 0; head < params.weights.rows(); ++head)
    for (Index l = 0; l < network.depth; ++l) {
      auto W = network.layer(l, params.weights.row(head).data());
      W.setZero();
      for (Index i = 0; i < network.in(l); ++i)
        for (T& weight : W.row(i)) weight = static_cast<T>(random.normal() / std::sqrt(static_cast<double>(network.in(l))));
    }
  if (!network.norm) return;
  params.norm_weight->setOnes();
  params.norm_bias->setZero();
}

/// Throws unless the parameters are those of `heads` memories of the network.
template <Real T>
void expect_memory_params(const MemoryNetwork& network, Index heads, const MemoryParams<T>& params) {
  const auto expect_rows = [&](const char* name, const Matrix<T>& matrix, Axis columns) {
    expect_shape(name, View<const T, 2>(matrix.data(), {matrix.rows(), matrix.cols()}), {{"H", heads}, columns});
  };
  expect_rows("weights", params.weights, {"P", network.size()});
  expect(params.norm_weight.has_value() == network.norm && params.norm_bias.has_value() == network.norm,
         "norm_weight, norm_bias: expected ", network.norm ? "both, for a network with a norm" : "none, without a norm");
  if (!network.norm) return;
  expect_rows("norm_weight", *params.norm_weight, {"V", network.value_dim});
  expect_rows("norm_bias", *params.norm_bias, {"V", network.value_dim});
}

}  // namespace deltanet
