#include "deltanet/memory/memory_network.hpp"

#include "support/catch.hpp"

using namespace deltanet;

TEST_CASE("a memory network's weights are one row, layer after layer, each layer's bias last") {
  const MemoryNetwork network{.key_dim = 3, .value_dim = 2, .depth = 3, .hidden_dim = 5, .bias = true};
  CHECK(network.rows(0) == 4);
  CHECK(network.out(0) == 5);
  CHECK(network.offset(1) == 4 * 5);
  CHECK(network.offset(2) == 4 * 5 + 6 * 5);
  CHECK(network.size() == 4 * 5 + 6 * 5 + 6 * 2);
  Vector<double> weights = Vector<double>::LinSpaced(network.size(), 0, static_cast<double>(network.size() - 1));
  CHECK(network.layer(1, weights.data())(0, 1) == 21);
  CHECK(network.layer(2, weights.data())(5, 1) == static_cast<double>(network.size() - 1));
  CHECK(MemoryNetwork{.key_dim = 3, .value_dim = 2, .depth = 1}.size() == 6);
}

TEST_CASE("initial weights keep the size of what passes, and biases and norms begin as nothing") {
  const MemoryNetwork network{.key_dim = 64, .value_dim = 64, .depth = 2, .hidden_dim = 128, .bias = true, .norm = true};
  MemoryParams<double> params = memory_params<double>(network, 3);
  Random random(1);
  initialize_memory(params, network, random);
  const auto W = network.layer(1, params.weights.row(2).data());
  CHECK(W.topRows(128).squaredNorm() / (128 * 64) == Catch::Approx(1.0 / 128).epsilon(0.05));
  CHECK(W.row(128).isZero(0));
  CHECK(params.norm_weight->isOnes(0));
  CHECK(params.norm_bias->isZero(0));
}

TEST_CASE("networks that cannot be and parameters of another network are refused") {
  using Catch::Matchers::ContainsSubstring;
  const MemoryNetwork network{.key_dim = 3, .value_dim = 2, .depth = 2, .hidden_dim = 4};
  auto other = network;
  other.hidden_dim = 0;
  CHECK_THROWS_WITH(expect_memory_network(other), ContainsSubstring("memory.hidden_dim: expected at least 1, got 0"));
  other = network;
  other.residual = InnerResidual::input;
  CHECK_THROWS_WITH(expect_memory_network(other), ContainsSubstring("expected keys as wide as values, got K=3, V=2"));
  other.value_dim = 3;
  other.residual = InnerResidual::output;
  CHECK_THROWS_WITH(expect_memory_network(other), ContainsSubstring("output needs the norm"));
  const auto params = memory_params<float>(network, 2);
  CHECK_THROWS_WITH(expect_memory_params(network, 3, params), ContainsSubstring("weights: expected [H=3, P=20], got [2, 20]"));
  other.norm = true;
  CHECK_THROWS_WITH(
      expect_memory_params(other, 2, memory_params<float>({.key_dim = 3, .value_dim = 3, .depth = 2, .hidden_dim = 4}, 2)),
      ContainsSubstring("norm_weight, norm_bias: expected both"));
}
