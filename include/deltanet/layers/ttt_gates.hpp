#pragma once

#include "deltanet/layers/sigmoid_gate.hpp"
#include "deltanet/memory/ttt_update.hpp"

/// What test-time training makes of its tokens beside keys and values: step sizes, and a rate for each place in a mini-batch.
namespace deltanet {

struct TTTGatesConfig {
  Index hidden_size = 0;
  Index num_heads = 0;
  Index mini_batch = 16;
  double theta_max = 1;
  std::optional<double> initializer_range{};  ///< as in LinearConfig
};

template <Real T>
struct TTTGatesParams {
  LinearParams<T> theta_proj;     // weight [H, D], bias [H]
  Vector<T> learnable_token_idx;  // [mini_batch]

  static constexpr auto fields() {
    using P = TTTGatesParams;
    return std::tuple{Field{"theta_proj", &P::theta_proj},
                      Field{"learnable_token_idx", &P::learnable_token_idx, no_weight_decay}};
  }
};

template <Real T>
[[nodiscard]] TTTGatesParams<T> memory_gates_params(const TTTGatesConfig& config) {
  expect(config.theta_max > 0, "theta_max: expected more than 0, got ", config.theta_max);
  return {linear_params<T>({.in_features = config.hidden_size, .out_features = config.num_heads, .bias = true}),
          Vector<T>::Zero(config.mini_batch)};
}

/// Draws the parameters; theta begins at half of what it may be, and the rates at 1 / place.
template <Real T>
void initialize_memory_gates(TTTGatesParams<T>& params, const TTTGatesConfig& config, Random& random) {
  initialize_linear(params.theta_proj, config.initializer_range, random);
  params.theta_proj.bias->setZero();
  params.learnable_token_idx.setZero();
}

template <Real T>
struct TTTGatesCache {
  Tensor<T, 3> theta, rate;  // [B, T, H]
  std::vector<Index> place;  // [B T]: of each token in its mini-batch
};

/// theta = theta_max sigmoid(theta_proj x) in (0, theta_max),   rate = max(0, 1 / (i + 1) + learnable_token_idx_i) at place i
/// of a mini-batch. Fills the cache from the tokens x [B, T, D] of N sequences, the first of which are at `position` [N] in
/// their mini-batches.
template <Real T>
void memory_gates(const TTTGatesConfig& config, const TTTGatesParams<T>& params, View<const T, 3> x, const Vector<T>& position,
                  const Sequences& sequences, TTTGatesCache<T>& cache) {
  for (auto* gate : {&cache.theta, &cache.rate}) gate->resize(x.shape[0], x.shape[1], config.num_heads);
  sigmoid_gate<T>(params.theta_proj, static_cast<T>(config.theta_max), x.rows(), rows(cache.theta));
  cache.place.clear();
  Index n = 0;
  for (const auto& sequence : sequences.cut(x.shape[0], x.shape[1])) {
    Index i = static_cast<Index>(position[n++]);
    for (Index row = sequence.begin; row < sequence.end; ++row, i = (i + 1) % config.mini_batch) {
      cache.place.push_back(i);
      rows(cache.rate).row(row).setConstant(std::max(T(0), 1 / static_cast<T>(i + 1) + params.learnable_token_idx[i]));
    }
  }
}

/// Puts the gates among the update's inputs.
template <Real T>
void set_memory_gates(const TTTGatesCache<T>& cache, TTTUpdate::Inputs<T>& in) {
  in.theta = cache.theta;
  in.rate = cache.rate;
}

/// The gradients of `memory_gates`, given those by the update's inputs, which are written over: adds to dx [B T, D] and to
/// those of the parameters.
template <Real T>
void memory_gates_backward(const TTTGatesConfig& config, const TTTGatesParams<T>& params, View<const T, 3> x,
                           const TTTGatesCache<T>& cache, TTTUpdate::Gradients<T>& d, MatrixRef<T> dx,
                           TTTGatesParams<T>& gradients) {
  sigmoid_gate_backward<T>(params.theta_proj, static_cast<T>(config.theta_max), x.rows(), rows(cache.theta), rows(d.theta), dx,
                           gradients.theta_proj);
  for (Index row = 0; row < x.shape[0] * x.shape[1]; ++row)
    if (rows(cache.rate)(row, 0) > 0)
      gradients.learnable_token_idx[cache.place[static_cast<std::size_t>(row)]] += rows(d.rate).row(row).sum();
}

}  // namespace deltanet
