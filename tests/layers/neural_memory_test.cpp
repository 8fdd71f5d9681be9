#include "deltanet/layers/neural_memory.hpp"

#include "laws/layer_laws.hpp"
#include "support/catch.hpp"

namespace deltanet::test {

namespace {

/// The norm of fewer channels would magnify every rounding.
constexpr NeuralMemoryConfig small_neural_memory{
    .hidden_size = 6, .head_dim = 8, .num_heads = 2, .memory_expansion = 2, .mini_batch = 3};

}  // namespace

TEST_CASE("a NeuralMemory keeps the laws of a layer", "[layers]") { layer_laws<NeuralMemory>(small_neural_memory, 6); }

TEST_CASE("a NeuralMemory of another kind keeps the laws of a layer", "[layers]") {
  auto config = small_neural_memory;
  config.memory_depth = 3;
  config.memory_norm = false;
  config.memory_residual = InnerResidual::none;
  config.eta_max = 0;
  config.decay_to_initial = config.use_gate = config.use_short_conv = false;
  layer_laws_in_double<NeuralMemory>(config, 6);
}

TEST_CASE("a NeuralMemory's steps are bounded by the curvature of its loss", "[layers]") {
  auto config = small_neural_memory;
  CHECK(config.gates().theta_max == 1.0 / (3 * 2 * 16));  // b, layers, and the width that the last of them reads
  config.memory_depth = 1;
  CHECK(config.gates().theta_max == 1.0 / (3 * 8));
  config.memory_norm = false;
  CHECK(config.gates().theta_max == 1.0 / 3);
  config.theta_max = 0.25;
  CHECK(config.gates().theta_max == 0.25);
}

TEST_CASE("a NeuralMemory names what is wrong with its Config", "[layers]") {
  using Catch::Matchers::ContainsSubstring;
  auto config = small_neural_memory;
  config.memory_depth = 0;
  CHECK_THROWS_WITH(NeuralMemory<float>(config), ContainsSubstring("memory.depth: expected at least 1, got 0"));
  config = small_neural_memory;
  config.mini_batch = 0;
  CHECK_THROWS_WITH(NeuralMemory<float>(config), ContainsSubstring("mini_batch: expected at least 1, got 0"));
  config = small_neural_memory;
  config.eta_max = 1;
  CHECK_THROWS_WITH(NeuralMemory<float>(config), ContainsSubstring("eta_max: expected a number in [0, 1), got 1"));
}

}  // namespace deltanet::test
