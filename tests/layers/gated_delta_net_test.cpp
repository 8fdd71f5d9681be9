#include "deltanet/layers/gated_delta_net.hpp"

#include "laws/layer_laws.hpp"
#include "support/catch.hpp"

namespace deltanet::test {

namespace {

template <Real T>
using PlainNet = GatedDeltaNet<T>;  // one parameter, as the laws take layers

constexpr GatedDeltaNetConfig small_gated_delta_net{.hidden_size = 6, .head_dim = 3, .num_heads = 2};

[[nodiscard]] std::vector<std::string> names_of(const GatedDeltaNetConfig& config) {
  const GatedDeltaNet<float> layer(config);
  std::vector<std::string> names;
  for_each_tensor([&](const TensorInfo& info, const auto&) { names.push_back(info.name); }, layer.params);
  return names;
}

}  // namespace

TEST_CASE("a GatedDeltaNet keeps the laws of a layer", "[layers]") { layer_laws<PlainNet>(small_gated_delta_net, 6); }

TEST_CASE("a GatedDeltaNet with grouped value heads keeps the laws of a layer", "[layers]") {
  auto config = small_gated_delta_net;
  config.num_heads = 1;
  config.num_v_heads = 3;
  config.expand_v = 1;
  config.conv_bias = config.allow_neg_eigval = true;
  layer_laws<PlainNet>(config, 6);
}

TEST_CASE("a GatedDeltaNet without gate and convolutions keeps the laws of a layer", "[layers]") {
  auto config = small_gated_delta_net;
  config.use_gate = config.use_short_conv = false;
  layer_laws<PlainNet>(config, 6);
}

TEST_CASE("a GatedDeltaNet with the plain sigmoid decay keeps the laws of a layer", "[layers]") {
  auto config = small_gated_delta_net;
  config.decay_gate = DecayGate::sigmoid;
  layer_laws<PlainNet>(config, 6);
}

TEST_CASE("a GatedDeltaNet keeps the laws over several chunks", "[layers]") {
  GatedDeltaNet<double> layer(small_gated_delta_net);
  Random random(4);
  layer.initialize(random);
  const Tensor<double, 3> x = random_tokens<double>(1, 37, 6);
  pieces_are_whole_bit_for_bit<PlainNet>(small_gated_delta_net, 6);
  no_output_sees_the_future(layer, x);
}

TEST_CASE("the parameters of a GatedDeltaNet have the names and shapes of flash-linear-attention's", "[layers]") {
  using Names = std::vector<std::string>;
  auto config = small_gated_delta_net;
  CHECK(names_of(config) == Names{"q_proj.weight", "k_proj.weight", "v_proj.weight", "b_proj.weight", "q_conv1d.weight",
                                  "k_conv1d.weight", "v_conv1d.weight", "a_proj.weight", "A_log", "dt_bias", "g_proj.weight",
                                  "o_norm.weight", "o_proj.weight"});
  config.use_gate = config.use_short_conv = false;
  config.decay_gate = DecayGate::sigmoid;
  CHECK(names_of(config) == Names{"q_proj.weight", "k_proj.weight", "v_proj.weight", "b_proj.weight", "a_proj.weight",
                                  "a_proj.bias", "o_norm.weight", "o_proj.weight"});
  const GatedDeltaNet<float> wide({.hidden_size = 8, .expand_v = 1.5, .head_dim = 4, .num_heads = 2, .num_v_heads = 4});
  CHECK(wide.params.k_proj.weight.rows() == 8);
  CHECK(wide.params.v_proj.weight.rows() == 24);
  CHECK(wide.params.a_proj.weight.rows() == 4);
  CHECK(wide.params.A_log->size() == 4);
  CHECK(wide.params.o_norm.weight.size() == 6);
}

TEST_CASE("a GatedDeltaNet has about 6 hidden_size^2 parameters where the heads take 3/4", "[layers]") {
  const GatedDeltaNet<float> layer({.hidden_size = 512, .head_dim = 64, .num_heads = 6});
  CHECK(static_cast<double>(count_parameters(layer.params)) == Catch::Approx(6.0 * 512 * 512).epsilon(0.02));
}

TEST_CASE("gates, norms and biases of a GatedDeltaNet take no weight decay", "[layers]") {
  auto config = small_gated_delta_net;
  config.conv_bias = true;
  const GatedDeltaNet<float> layer(config);
  std::vector<std::string> without;
  for_each_tensor(
      [&](const TensorInfo& info, const auto&) {
        if (info.weight_decay == WeightDecay::no) without.push_back(info.name);
      },
      layer.params);
  CHECK(without ==
        std::vector<std::string>{"q_conv1d.bias", "k_conv1d.bias", "v_conv1d.bias", "A_log", "dt_bias", "o_norm.weight"});
}

TEST_CASE("a GatedDeltaNet names what is wrong with its Config", "[layers]") {
  using Catch::Matchers::ContainsSubstring;
  auto config = small_gated_delta_net;
  config.num_v_heads = 3;
  CHECK_THROWS_WITH(GatedDeltaNet<float>(config), ContainsSubstring("num_v_heads: expected a multiple of num_heads=2, got 3"));
  config = small_gated_delta_net;
  config.expand_v = 1.5;
  CHECK_THROWS_WITH(GatedDeltaNet<float>(config),
                    ContainsSubstring("expand_v: expected an integral head_dim * expand_v, got 3"));
  config = small_gated_delta_net;
  config.num_heads = 0;
  CHECK_THROWS_WITH(GatedDeltaNet<float>(config), ContainsSubstring("num_heads: expected at least 1, got 0"));
  config = small_gated_delta_net;
  config.head_dim = 0;
  CHECK_THROWS_WITH(GatedDeltaNet<float>(config), ContainsSubstring("positive widths"));
}

}  // namespace deltanet::test
