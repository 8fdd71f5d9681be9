#include "deltanet/layers/attention.hpp"

#include "laws/layer_laws.hpp"
#include "support/catch.hpp"

namespace deltanet::test {

namespace {

constexpr AttentionConfig small{.hidden_size = 6, .num_heads = 4, .num_kv_heads = 2, .head_dim = 4};

/// Norms of queries and keys over heads, zero-centered, a gate, part of each head turned, biases: Qwen3.5's and more.
AttentionConfig with_everything() {
  AttentionConfig config = small;
  config.attention_bias = config.use_gate = config.zero_centered_norm = true;
  config.qk_norm = AttentionNorm::head;
  config.rotary_dim = 2;
  return config;
}

}  // namespace

TEST_CASE("attention keeps the laws of a layer", "[layers]") { layer_laws<Attention>(small, 6); }

TEST_CASE("attention with every option keeps the laws of a layer", "[layers]") {
  layer_laws_in_double<Attention>(with_everything(), 6);
}

TEST_CASE("attention with norms over all heads and no positions keeps the laws of a layer", "[layers]") {
  AttentionConfig config = small;
  config.qk_norm = AttentionNorm::projection;
  config.rope_theta.reset();
  layer_laws_in_double<Attention>(config, 6);
}

TEST_CASE("attention in a window keeps the laws of a layer", "[layers]") {
  AttentionConfig config = small;
  config.window_size = 3;
  layer_laws<Attention>(config, 6, 11);
}

TEST_CASE("a window's state holds less than twice the window", "[layers]") {
  AttentionConfig config = small;
  config.window_size = 3;
  Attention<double> layer(config);
  auto state = layer.initial_state(2);
  for (Index i = 0; i < 20; ++i) {
    (void)layer.forward(random_tokens<double>(2, 1 + i % 3, 6), &state);
    for (const auto& [k, v] : state.sequences) {
      CHECK(k.tokens() < 6);
      CHECK(k.tokens() == v.tokens());
    }
  }
}

TEST_CASE("attention names its parameters as flash-linear-attention does", "[layers]") {
  const Attention<float> layer(with_everything());
  std::vector<std::string> names;
  for_each_tensor([&](const TensorInfo& info, const auto&) { names.push_back(info.name); }, layer.params);
  CHECK(names == std::vector<std::string>{"q_proj.weight", "q_proj.bias", "k_proj.weight", "k_proj.bias", "v_proj.weight",
                                          "v_proj.bias", "g_proj.weight", "g_proj.bias", "q_norm.weight", "k_norm.weight",
                                          "o_proj.weight", "o_proj.bias"});
}

TEST_CASE("attention names what is wrong with its Config and its State", "[layers]") {
  using Catch::Matchers::ContainsSubstring;
  auto config = small;
  config.num_kv_heads = 3;
  CHECK_THROWS_WITH(Attention<float>(config), ContainsSubstring("num_kv_heads: expected a divisor of num_heads=4, got 3"));
  config = small;
  config.rotary_dim = 3;
  CHECK_THROWS_WITH(Attention<float>(config),
                    ContainsSubstring("rotary_dim: expected an even number in [0, head_dim=4], got 3"));
  config = small;
  config.window_size = 0;
  CHECK_THROWS_WITH(Attention<float>(config), ContainsSubstring("window_size: expected at least 1, got 0"));
  const Attention<double> layer(small);
  auto state = layer.initial_state(1);
  CHECK_THROWS_WITH(layer.forward(random_tokens<double>(2, 3, 6), &state), "state: expected that of N=2 sequences, got 1");
  auto other = Attention<double>({.hidden_size = 6, .num_heads = 4, .num_kv_heads = 2, .head_dim = 6}).initial_state(2);
  CHECK_THROWS_WITH(layer.forward(random_tokens<double>(2, 3, 6), &other), "k: expected [S=0, HKV=2, K=4], got [0, 2, 6]");
}

}  // namespace deltanet::test
