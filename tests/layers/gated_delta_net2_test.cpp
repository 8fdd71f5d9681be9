#include "deltanet/layers/gated_delta_net2.hpp"

#include "laws/layer_laws.hpp"
#include "support/catch.hpp"

namespace deltanet::test {

namespace {

constexpr GatedDeltaNet2Config small_gated_delta_net2{.hidden_size = 6, .head_dim = 3, .num_heads = 2};

}  // namespace

TEST_CASE("a GatedDeltaNet2 keeps the laws of a layer", "[layers]") {
  delta_layer_laws_in_double<GatedDeltaNet2>(small_gated_delta_net2, 6);
}

TEST_CASE("a GatedDeltaNet2 with grouped value heads and a bounded decay keeps the laws of a layer", "[layers]") {
  auto config = small_gated_delta_net2;
  config.num_v_heads = 4;
  config.expand_v = 2;
  config.conv_bias = config.allow_neg_eigval = config.safe_gate = true;
  delta_layer_laws_in_double<GatedDeltaNet2>(config, 6);
}

TEST_CASE("a GatedDeltaNet2 without convolutions keeps the laws of a layer", "[layers]") {
  auto config = small_gated_delta_net2;
  config.use_short_conv = false;
  delta_layer_laws_in_double<GatedDeltaNet2>(config, 6);
}

TEST_CASE("a GatedDeltaNet2 keeps the laws over several chunks", "[layers]") {
  GatedDeltaNet2<double> layer(small_gated_delta_net2);
  Random random(4);
  layer.initialize(random);
  const Tensor<double, 3> x = random_tokens<double>(1, 37, 6);
  steps_are_forward(layer, x);
  splits_are_whole(layer, x);
  no_output_sees_the_future(layer, x);
}

TEST_CASE("a GatedDeltaNet2 whose gates are all one number is a KimiDeltaAttention", "[layers]") {
  GatedDeltaNet2<double> layer(small_gated_delta_net2);
  Random random(3);
  layer.initialize(random);
  layer.params.erase_proj.weight.setZero();  // b = w = sigmoid(0)
  layer.params.write_proj.weight.setZero();
  KimiDeltaAttention<double> kimi({.hidden_size = 6, .head_dim = 3, .num_heads = 2});
  static_cast<DeltaInputsParams<double>&>(kimi.params) = layer.params;
  static_cast<KeyDecayGateParams<double>&>(kimi.params) = layer.params;
  static_cast<DeltaOutputParams<double>&>(kimi.params) = layer.params;
  kimi.params.b_proj = linear_params<double>({.in_features = 6, .out_features = 2, .bias = false});
  const Tensor<double, 3> x = random_tokens<double>(2, 20, 6);
  CHECK(relative_error(layer.forward(x), kimi.forward(x)) < layer_rounding(x));
}

TEST_CASE("a GatedDeltaNet2 with grouped value heads is one with its key heads repeated", "[layers]") {
  auto config = small_gated_delta_net2;
  config.use_short_conv = false;
  GatedDeltaNet2<double> repeated(config);
  config.num_heads = 1;
  config.num_v_heads = 2;
  GatedDeltaNet2<double> grouped(config);
  Random random(3);
  grouped.initialize(random);
  auto& to = repeated.params;
  const auto& from = grouped.params;
  to = from;
  to.q_proj.weight = from.q_proj.weight.replicate(2, 1);
  to.k_proj.weight = from.k_proj.weight.replicate(2, 1);
  to.f_proj.up.weight = from.f_proj.up.weight.replicate(2, 1);
  to.erase_proj.weight = from.erase_proj.weight.replicate(2, 1);
  to.A_log = from.A_log->replicate(2, 1);
  to.dt_bias = from.dt_bias->replicate(2, 1);
  const Tensor<double, 3> x = random_tokens<double>(2, 20, 6);
  CHECK(relative_error(grouped.forward(x), repeated.forward(x)) < layer_rounding(x));
}

TEST_CASE("the parameters of a GatedDeltaNet2 have the names and shapes of flash-linear-attention's", "[layers]") {
  const GatedDeltaNet2<double> wide({.hidden_size = 8, .expand_v = 1.5, .head_dim = 4, .num_heads = 2, .num_v_heads = 4});
  std::vector<std::string> names;
  for_each_tensor([&](const TensorInfo& info, const auto&) { names.push_back(info.name); }, wide.params);
  CHECK(names == std::vector<std::string>{"q_proj.weight", "k_proj.weight", "v_proj.weight", "q_conv1d.weight",
                                          "k_conv1d.weight", "v_conv1d.weight", "f_proj.0.weight", "f_proj.1.weight", "A_log",
                                          "dt_bias", "b_proj.weight", "w_proj.weight", "g_proj.0.weight", "g_proj.1.weight",
                                          "g_proj.1.bias", "o_norm.weight", "o_proj.weight"});
  CHECK(wide.params.v_proj.weight.rows() == 24);
  CHECK(wide.params.f_proj.down.weight.rows() == 6);
  CHECK(wide.params.f_proj.up.weight.rows() == 8);
  CHECK(wide.params.A_log->size() == 2);
  CHECK(wide.params.dt_bias->size() == 8);
  CHECK(wide.params.erase_proj.weight.rows() == 8);
  CHECK(wide.params.write_proj.weight.rows() == 24);
}

TEST_CASE("a GatedDeltaNet2's Config has flash-linear-attention's defaults", "[layers]") {
  const GatedDeltaNet2Config config;
  CHECK((config.hidden_size == 2048 && config.head_dim == 128 && config.num_heads == 16 && config.value_heads() == 16));
  CHECK((config.use_short_conv && !config.conv_bias && !config.allow_neg_eigval && !config.safe_gate));
  CHECK((config.head_v_dim() == 128 && config.conv_size == 4 && config.norm_eps == 1e-5 && config.gate_lower_bound == -5));
}

TEST_CASE("a GatedDeltaNet2 names what is wrong with its Config, tokens and state", "[layers]") {
  using Catch::Matchers::ContainsSubstring;
  auto config = small_gated_delta_net2;
  config.num_v_heads = 3;
  CHECK_THROWS_WITH(GatedDeltaNet2<double>(config),
                    ContainsSubstring("num_v_heads: expected a multiple of num_heads=2, got 3"));
  config = small_gated_delta_net2;
  config.expand_v = 1.5;
  CHECK_THROWS_WITH(GatedDeltaNet2<double>(config),
                    ContainsSubstring("expand_v: expected an integral head_dim * expand_v, got 3 * 1.5"));
  config = small_gated_delta_net2;
  config.safe_gate = true;
  config.gate_lower_bound = 0;
  CHECK_THROWS_WITH(GatedDeltaNet2<double>(config), ContainsSubstring("gate_lower_bound: expected less than 0, got 0"));

  const GatedDeltaNet2<double> layer(small_gated_delta_net2);
  CHECK_THROWS_WITH(layer.forward(zeros<double>(1, 2, 5)), ContainsSubstring("x: expected [B=1, T=2, D=6], got [1, 2, 5]"));
  auto state = layer.initial_state(2);
  CHECK_THROWS_WITH(layer.forward(zeros<double>(1, 2, 6), &state), ContainsSubstring("recurrent_state: expected [N=1, HV=2"));
}

}  // namespace deltanet::test
