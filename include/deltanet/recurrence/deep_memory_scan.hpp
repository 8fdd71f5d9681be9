#pragma once

#include <algorithm>

#include "deltanet/core/sequences.hpp"
#include "deltanet/core/zeros.hpp"
#include "deltanet/memory/inputs.hpp"
#include "deltanet/memory/memory_network.hpp"

/// What the scans of deep memories take and return (TITANS.md). A deep memory is a small network whose weights are the state:
/// one a sequence and head, P numbers each.
namespace deltanet {

/// What outer training sees of the inner steps.
enum class OuterGradient {
  full,          ///< the exact gradient: also through the weights at which the inner gradients were taken
  stop_at_start  ///< those weights count as constants: no second derivative runs from one mini-batch to those before
};

struct DeepMemoryOptions {
  /// Tokens whose gradients are taken at the same weights. Part of what a model means: a model trained with one does not work
  /// with another.
  Index mini_batch = 16;
  /// Tokens in one go, of a mini-batch. Changes the speed and the rounding, never the meaning.
  Index chunk_size = 64;
  /// Multiplies the queries.
  double scale = 1;
  /// Weights decay towards their initial ones, and not towards zero, where a network of several layers has no gradient.
  bool decay_to_initial = false;
  OuterGradient outer_gradient = OuterGradient::full;
  /// Which tokens share a memory: each row of the batch, or packed ones.
  Sequences sequences{};
};

/// What deep memories carry from token to token. A parameter list too, so that it can be saved.
template <Real T>
struct DeepMemoryState {
  Tensor<T, 3> start;     // [N, H, P]: the weights at the start of the mini-batch, where gradients are taken
  Tensor<T, 3> weights;   // [N, H, P]: the weights that the last token read
  Tensor<T, 3> momentum;  // [N, H, P]: Z
  Vector<T> position;     // [N]: how many tokens of the mini-batch have come, a whole number below mini_batch

  static constexpr auto fields() {
    using S = DeepMemoryState;
    return std::tuple{Field{"start", &S::start}, Field{"weights", &S::weights}, Field{"momentum", &S::momentum},
                      Field{"position", &S::position}};
  }
};

/// Before the first token of N sequences: the initial weights, at rest.
template <Real T>
[[nodiscard]] DeepMemoryState<T> initial_deep_memory_state(const MemoryParams<T>& params, Index N) {
  const Index H = params.weights.rows(), P = params.weights.cols();
  DeepMemoryState<T> state{Tensor<T, 3>(N, H, P), {}, zeros<T>(N, H, P), Vector<T>::Zero(N)};
  for (Index n = 0; n < N; ++n) std::copy_n(params.weights.data(), H * P, state.start.data() + n * H * P);
  state.weights = state.start;
  return state;
}

template <Real T>
struct DeepMemoryResult {
  Tensor<T, 4> o;  // [B, T, H, V]; empty where nothing was read
  DeepMemoryState<T> final_state;
};

/// Gradients of a loss in the outputs.
template <Real T>
struct DeepMemoryCotangents {
  View<const T, 4> o{};                             // [B, T, H, V]; absent where nothing was read
  const DeepMemoryState<T>* final_state = nullptr;  // its position has no gradient; zeros where null
};

/// The inputs of an update rule of deep memories: `TitansUpdate::Inputs<T>`, `TTTUpdate::Inputs<T>`.
template <class In>
concept DeepMemoryInputs = requires {
  typename In::Update;
  typename In::Scalar;
  In::fields();
};

/// Gradients by everything a scan reads.
template <DeepMemoryInputs In>
struct DeepMemoryGradients {
  using T = typename In::Scalar;
  typename In::Update::template Gradients<T> inputs;
  MemoryParams<T> params;            // weights: as what decay leads to; those by where weights begin are initial_state's
  DeepMemoryState<T> initial_state;  // position 0
};

/// The gradients of `initial_deep_memory_state`, given those by the state: adds to those by the weights.
//
// forward: start = weights = W for every sequence
// so:      dW += sum over sequences of dstart + dweights
template <Real T>
void initial_deep_memory_state_backward(const DeepMemoryState<T>& d, MemoryParams<T>& gradients) {
  const Index N = d.start.dimension(0), P = gradients.weights.size();
  VectorMap<T> dW(gradients.weights.data(), P);
  for (Index n = 0; n < N; ++n)
    dW += VectorMap<const T>(d.start.data() + n * P, P) + VectorMap<const T>(d.weights.data() + n * P, P);
}

}  // namespace deltanet
