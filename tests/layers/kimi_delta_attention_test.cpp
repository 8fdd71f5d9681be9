#include "deltanet/layers/kimi_delta_attention.hpp"

#include "laws/layer_laws.hpp"
#include "support/catch.hpp"

namespace deltanet::test {

namespace {

constexpr KimiDeltaAttentionConfig small_kimi_delta_attention{.hidden_size = 6, .head_dim = 3, .num_heads = 2};

[[nodiscard]] std::vector<std::string> names_of(const KimiDeltaAttentionConfig& config) {
  const KimiDeltaAttention<double> layer(config);
  std::vector<std::string> names;
  for_each_tensor([&](const TensorInfo& info, const auto&) { names.push_back(info.name); }, layer.params);
  return names;
}

}  // namespace

TEST_CASE("a KimiDeltaAttention keeps the laws of a layer", "[layers]") {
  delta_layer_laws_in_double<KimiDeltaAttention>(small_kimi_delta_attention, 6);
}

TEST_CASE("a KimiDeltaAttention with grouped value heads and a bounded decay keeps the laws of a layer", "[layers]") {
  auto config = small_kimi_delta_attention;
  config.num_heads = 1;
  config.num_v_heads = 3;
  config.expand_v = 2;
  config.conv_bias = config.allow_neg_eigval = config.safe_gate = true;
  config.lower_bound = -5;
  delta_layer_laws_in_double<KimiDeltaAttention>(config, 6);
}

TEST_CASE("a KimiDeltaAttention without convolutions keeps the laws of a layer", "[layers]") {
  auto config = small_kimi_delta_attention;
  config.use_short_conv = false;
  delta_layer_laws_in_double<KimiDeltaAttention>(config, 6);
}

TEST_CASE("a KimiDeltaAttention keeps the laws over several chunks", "[layers]") {
  KimiDeltaAttention<double> layer(small_kimi_delta_attention);
  Random random(4);
  layer.initialize(random);
  const Tensor<double, 3> x = random_tokens<double>(1, 37, 6);
  steps_are_forward(layer, x);
  splits_are_whole(layer, x);
  no_output_sees_the_future(layer, x);
}

TEST_CASE("the parameters of a KimiDeltaAttention have the names and shapes of flash-linear-attention's", "[layers]") {
  using Names = std::vector<std::string>;
  auto config = small_kimi_delta_attention;
  CHECK(names_of(config) == Names{"q_proj.weight", "k_proj.weight", "v_proj.weight", "b_proj.weight", "q_conv1d.weight",
                                  "k_conv1d.weight", "v_conv1d.weight", "f_proj.0.weight", "f_proj.1.weight", "A_log",
                                  "dt_bias", "g_proj.0.weight", "g_proj.1.weight", "g_proj.1.bias", "o_norm.weight",
                                  "o_proj.weight"});
  config.use_short_conv = false;
  CHECK(names_of(config) == Names{"q_proj.weight", "k_proj.weight", "v_proj.weight", "b_proj.weight", "f_proj.0.weight",
                                  "f_proj.1.weight", "A_log", "dt_bias", "g_proj.0.weight", "g_proj.1.weight", "g_proj.1.bias",
                                  "o_norm.weight", "o_proj.weight"});
  const KimiDeltaAttention<double> wide({.hidden_size = 8, .expand_v = 1.5, .head_dim = 4, .num_heads = 2, .num_v_heads = 4});
  CHECK(wide.params.k_proj.weight.rows() == 8);
  CHECK(wide.params.v_proj.weight.rows() == 24);
  CHECK(wide.params.f_proj.down.weight.rows() == 6);
  CHECK(wide.params.f_proj.up.weight.rows() == 16);
  CHECK(wide.params.A_log->size() == 4);
  CHECK(wide.params.dt_bias->size() == 16);
  CHECK(wide.params.g_low_rank->down.weight.rows() == 6);
  CHECK(wide.params.g_low_rank->up.weight.rows() == 24);
  CHECK(wide.params.o_norm.weight.size() == 6);
}

TEST_CASE("a KimiDeltaAttention's Config has flash-linear-attention's defaults", "[layers]") {
  const KimiDeltaAttentionConfig config;
  CHECK(config.hidden_size == 2048);
  CHECK((config.head_dim == 128 && config.num_heads == 16 && config.value_heads() == 16 && config.head_v_dim() == 128));
  CHECK((config.use_short_conv && !config.conv_bias && !config.allow_neg_eigval && !config.safe_gate && !config.lower_bound));
  CHECK(config.conv_size == 4);
  CHECK(config.norm_eps == 1e-5);
}

TEST_CASE("A begins between 1 and 16 in a KimiDeltaAttention, and at 1 with a safe gate", "[layers]") {
  KimiDeltaAttentionConfig config{.hidden_size = 4, .head_dim = 1, .num_heads = 200};
  const auto A_log = [&] {
    KimiDeltaAttention<double> layer(config);
    Random random(1);
    layer.initialize(random);
    return *layer.params.A_log;
  };
  CHECK((A_log().minCoeff() >= 0 && A_log().maxCoeff() > 2 && A_log().maxCoeff() <= std::log(16.0f)));
  config.safe_gate = true;
  config.lower_bound = -5;
  CHECK((A_log().array() == 0).all());
}

TEST_CASE("gates, norms and biases of a KimiDeltaAttention take no weight decay", "[layers]") {
  const KimiDeltaAttention<double> layer(small_kimi_delta_attention);
  std::vector<std::string> without;
  for_each_tensor(
      [&](const TensorInfo& info, const auto&) {
        if (info.weight_decay == WeightDecay::no) without.push_back(info.name);
      },
      layer.params);
  CHECK(without == std::vector<std::string>{"A_log", "dt_bias", "g_proj.1.bias", "o_norm.weight"});
}

TEST_CASE("a KimiDeltaAttention names what is wrong with its Config, tokens and state", "[layers]") {
  using Catch::Matchers::ContainsSubstring;
  auto config = small_kimi_delta_attention;
  config.num_v_heads = 3;
  CHECK_THROWS_WITH(KimiDeltaAttention<double>(config),
                    ContainsSubstring("num_v_heads: expected a multiple of num_heads=2, got 3"));
  config = small_kimi_delta_attention;
  config.expand_v = 1.5;
  CHECK_THROWS_WITH(KimiDeltaAttention<double>(config),
                    ContainsSubstring("expand_v: expected an integral head_dim * expand_v, got 3 * 1.5"));
  config = small_kimi_delta_attention;
  config.safe_gate = true;
  CHECK_THROWS_WITH(KimiDeltaAttention<double>(config), ContainsSubstring("lower_bound: expected one with safe_gate"));
  config.lower_bound = 1;
  CHECK_THROWS_WITH(KimiDeltaAttention<double>(config), ContainsSubstring("lower_bound: expected less than 0, got 1"));

  const KimiDeltaAttention<double> layer(small_kimi_delta_attention);
  CHECK_THROWS_WITH(layer.forward(zeros<double>(1, 2, 5)), ContainsSubstring("x: expected [B=1, T=2, D=6], got [1, 2, 5]"));
  auto state = layer.initial_state(2);
  CHECK_THROWS_WITH(layer.forward(zeros<double>(1, 2, 6), &state), ContainsSubstring("recurrent_state: expected [N=1, HV=2"));
}

}  // namespace deltanet::test
