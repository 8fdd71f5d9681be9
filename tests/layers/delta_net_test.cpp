#include "deltanet/layers/delta_net.hpp"

#include "laws/layer_laws.hpp"
#include "support/catch.hpp"

namespace deltanet::test {

namespace {

constexpr DeltaNetConfig small_delta_net{.hidden_size = 6, .num_heads = 2};

[[nodiscard]] std::vector<std::string> names_of(const DeltaNetConfig& config) {
  const DeltaNet<float> layer(config);
  std::vector<std::string> names;
  for_each_tensor([&](const TensorInfo& info, const auto&) { names.push_back(info.name); }, layer.params);
  return names;
}

}  // namespace

TEST_CASE("a DeltaNet keeps the laws of a layer", "[layers]") { layer_laws<DeltaNet>(small_delta_net, 6); }

TEST_CASE("a DeltaNet with a gate, biases and negative eigenvalues keeps the laws of a layer", "[layers]") {
  layer_laws<DeltaNet>({.hidden_size = 4,
                        .num_heads = 2,
                        .expand_k = 2,
                        .expand_v = 0.5,
                        .use_gate = true,
                        .conv_bias = true,
                        .allow_neg_eigval = true},
                       4);
}

TEST_CASE("a DeltaNet without beta and convolutions keeps the laws of a layer", "[layers]") {
  auto config = small_delta_net;
  config.use_beta = config.use_short_conv = false;
  config.conv_size = 1;
  layer_laws<DeltaNet>(config, 6);
}

TEST_CASE("a DeltaNet keeps the laws for every feature map and norm", "[layers]") {
  auto config = small_delta_net;
  std::tie(config.qk_activation, config.qk_norm) =
      GENERATE(std::pair(FeatureMap::relu, QKNorm::l2), std::pair(FeatureMap::elu, QKNorm::l2),
               std::pair(FeatureMap::identity, QKNorm::l2), std::pair(FeatureMap::relu, QKNorm::sum),
               std::pair(FeatureMap::elu, QKNorm::sum));  // the sum of the others may be near zero: no unit keys
  layer_laws<DeltaNet>(config, 6, 5);
}

TEST_CASE("a DeltaNet without convolutions keeps the laws for the sum norm", "[layers]") {
  auto config = small_delta_net;
  config.use_short_conv = false;
  config.qk_activation = FeatureMap::elu;
  config.qk_norm = QKNorm::sum;
  layer_laws<DeltaNet>(config, 6, 5);
}

TEST_CASE("a DeltaNet keeps the laws over several chunks", "[layers]") {
  const DeltaNet<double> empty(small_delta_net);
  auto layer = empty;
  Random random(4);
  layer.initialize(random);
  const Tensor<double, 3> x = random_tokens<double>(1, 37, 6);
  pieces_are_whole_bit_for_bit<DeltaNet>(small_delta_net, 6);
  no_output_sees_the_future(layer, x);
}

TEST_CASE("the parameters of a DeltaNet have the names and shapes of flash-linear-attention's", "[layers]") {
  using Names = std::vector<std::string>;
  auto config = small_delta_net;
  CHECK(names_of(config) == Names{"q_proj.weight", "k_proj.weight", "v_proj.weight", "b_proj.weight", "q_conv1d.weight",
                                  "k_conv1d.weight", "v_conv1d.weight", "o_norm.weight", "o_proj.weight"});
  config.use_gate = config.conv_bias = true;
  config.use_beta = false;
  CHECK(names_of(config) == Names{"q_proj.weight", "k_proj.weight", "v_proj.weight", "q_conv1d.weight", "q_conv1d.bias",
                                  "k_conv1d.weight", "k_conv1d.bias", "v_conv1d.weight", "v_conv1d.bias", "g_proj.weight",
                                  "o_norm.weight", "o_proj.weight"});
  const DeltaNet<float> wide({.hidden_size = 8, .num_heads = 2, .expand_k = 0.5, .expand_v = 2, .use_gate = true});
  CHECK(wide.params.k_proj.weight.rows() == 4);
  CHECK(wide.params.v_proj.weight.rows() == 16);
  CHECK(wide.params.b_proj->weight.rows() == 2);
  CHECK(wide.params.g_proj->weight.rows() == 16);
  CHECK(wide.params.o_norm.weight.size() == 8);
  CHECK(wide.params.o_proj.weight.cols() == 16);
}

TEST_CASE("a DeltaNet's Config has flash-linear-attention's defaults", "[layers]") {
  const DeltaNetConfig config;
  CHECK(config.hidden_size == 1024);
  CHECK(config.num_heads == 4);
  CHECK((config.use_beta && config.use_short_conv && !config.use_gate && !config.conv_bias && !config.allow_neg_eigval));
  CHECK(config.conv_size == 4);
  CHECK(config.norm_eps == 1e-5);
}

TEST_CASE("a DeltaNet names what is wrong with its Config, tokens and state", "[layers]") {
  using Catch::Matchers::ContainsSubstring;
  auto config = small_delta_net;
  config.num_heads = 4;
  CHECK_THROWS_WITH(DeltaNet<float>(config), ContainsSubstring("num_heads: expected a divisor of hidden_size * expand_k = 6"));
  config.num_heads = 0;
  CHECK_THROWS_WITH(DeltaNet<float>(config), ContainsSubstring("num_heads: expected at least 1, got 0"));
  config = small_delta_net;
  config.conv_size = 0;
  CHECK_THROWS_WITH(DeltaNet<float>(config), ContainsSubstring("kernel_size=0"));
  config = small_delta_net;
  config.norm_eps = 0;
  CHECK_THROWS_WITH(DeltaNet<float>(config), ContainsSubstring("norm_eps: expected more than 0, got 0"));

  const DeltaNet<float> layer(small_delta_net);
  CHECK_THROWS_WITH(layer.forward(zeros<float>(1, 2, 5)), ContainsSubstring("x: expected [B=1, T=2, D=6], got [1, 2, 5]"));
  auto state = layer.initial_state(2);
  CHECK_THROWS_WITH(layer.forward(zeros<float>(1, 2, 6), &state), ContainsSubstring("recurrent_state: expected [N=1, HV=2"));
}

TEST_CASE("a state is as it was where a DeltaNet refuses its tokens", "[layers]") {
  DeltaNet<float> layer(small_delta_net);
  Random random(1);
  layer.initialize(random);
  auto state = layer.initial_state(1);
  (void)layer.forward(random_tokens<float>(1, 5, 6), &state);
  const auto before = state;
  Tensor<float, 3> x = random_tokens<float>(1, 3, 6);
  x(0, 1, 2) = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_AS(layer.forward(x, &state), std::invalid_argument);
  for_each_tensor(
      [](const TensorInfo& info, const auto& now, const auto& then) {
        INFO(info.name);
        CHECK(identical(now.flat(), then.flat()));
      },
      state, before);
}

}  // namespace deltanet::test
