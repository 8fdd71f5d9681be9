#pragma once

#include <string>

#include "deltanet/core/random.hpp"
#include "deltanet/memory/titans_update.hpp"
#include "deltanet/memory/ttt_update.hpp"
#include "deltanet/recurrence/deep_memory_scan.hpp"

namespace deltanet::test {

/// A random problem of deep memories with everything that a scan of the update rule reads: keys of unit length, weights and a
/// state in the middle of things.
template <class Update, Real T>
struct DeepMemoryExample {
  MemoryNetwork network;
  DeepMemoryOptions options;
  typename Update::template Gradients<T> owned;
  MemoryParams<T> params;
  DeepMemoryState<T> state;
  Tensor<T, 4> do_;
  DeepMemoryState<T> dfinal_state;

  DeepMemoryExample(const MemoryNetwork& network_, const DeepMemoryOptions& options_, Index tokens = 11, Index B = 2,
                    Index H = 2, std::uint64_t seed = 1)
      : network(network_), options(options_), params(memory_params<T>(network, H)), do_(B, tokens, H, network.value_dim) {
    Random random(seed);
    for_each_input(
        [&](const auto& field, auto& tensor) {
          if constexpr (std::decay_t<decltype(tensor)>::NumDimensions == 3) {
            tensor.resize(B, tokens, H);
            if (field.name == "g")
              random.fill_uniform(tensor, -0.5, 0);
            else
              random.fill_uniform(tensor, 0, field.name == "theta" ? 0.3 : 0.8);
          } else {
            tensor.resize(B, tokens, H, field.width == Width::key ? network.key_dim : network.value_dim);
            random.fill_normal(tensor);
            if (field.width == Width::key) rows(tensor).rowwise().normalize();
          }
        },
        owned);
    random.fill_normal(params.weights, 0.5);
    if (network.norm) {
      random.fill_uniform(*params.norm_weight, 0.5, 1.5);
      random.fill_normal(*params.norm_bias, 0.3);
    }
    state = initial_deep_memory_state(params, B);
    dfinal_state = state;
    for (auto* weights : {&state.start, &state.weights}) random.fill_normal(*weights, 0.5);
    random.fill_normal(state.momentum, 0.2);
    for (auto* weights : {&dfinal_state.start, &dfinal_state.weights, &dfinal_state.momentum}) random.fill_normal(*weights);
    for (Index n = 0; n < B; ++n) state.position[n] = static_cast<T>((n + 1) % options.mini_batch);
    random.fill_normal(do_);
  }

  [[nodiscard]] typename Update::template Inputs<T> in() const {
    typename Update::template Inputs<T> views;
    for_each_input([](const auto&, const auto& tensor, auto& view) { view = tensor; }, owned, views);
    return views;
  }
  [[nodiscard]] DeepMemoryCotangents<T> cotangents() const { return {.o = do_, .final_state = &dfinal_state}; }

  /// <o, do> + <final_state, dfinal_state>.
  [[nodiscard]] T loss(const DeepMemoryResult<T>& result) const {
    const auto dot = [](const auto& a, const auto& b) {
      return VectorMap<const T>(a.data(), a.size()).dot(VectorMap<const T>(b.data(), b.size()));
    };
    const auto& end = result.final_state;
    return dot(result.o, do_) + dot(end.start, dfinal_state.start) + dot(end.weights, dfinal_state.weights) +
           dot(end.momentum, dfinal_state.momentum);
  }
};

/// Networks that between them have every depth from 1 to 4, activation, residual, bias and norm.
[[nodiscard]] inline std::vector<MemoryNetwork> memory_networks() {
  using enum InnerActivation;
  std::vector<MemoryNetwork> networks{
      {.key_dim = 5, .value_dim = 4, .depth = 1},
      {.key_dim = 4, .value_dim = 4, .depth = 1, .bias = true, .norm = true, .residual = InnerResidual::output},
      {.key_dim = 4, .value_dim = 4, .depth = 3, .hidden_dim = 5, .bias = true, .norm = true, .residual = InnerResidual::input},
      {.key_dim = 4, .value_dim = 4, .depth = 4, .hidden_dim = 6, .residual = InnerResidual::input}};
  for (const auto activation : {identity, relu, silu, gelu, gelu_tanh})
    networks.push_back({.key_dim = 5, .value_dim = 3, .depth = 2, .hidden_dim = 7, .activation = activation});
  return networks;
}

[[nodiscard]] inline std::string text_of(const MemoryNetwork& n) {
  return "depth " + std::to_string(n.depth) + ", activation " + std::to_string(static_cast<int>(n.activation)) +
         (n.norm ? ", norm" : "") + (n.bias ? ", bias" : "");
}

}  // namespace deltanet::test
