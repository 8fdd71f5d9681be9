#include "deltanet/layers/gated_linear_attention.hpp"

#include <array>

#include "laws/layer_laws.hpp"
#include "support/catch.hpp"

namespace deltanet::test {

namespace {

constexpr GatedLinearAttentionConfig small_gated_linear_attention{.hidden_size = 8, .num_heads = 2, .gate_low_rank_dim = 3};

[[nodiscard]] std::vector<std::string> names_of(const GatedLinearAttentionConfig& config) {
  const GatedLinearAttention<double> layer(config);
  std::vector<std::string> names;
  for_each_tensor([&](const TensorInfo& info, const auto&) { names.push_back(info.name); }, layer.params);
  return names;
}

}  // namespace

TEST_CASE("a GatedLinearAttention keeps the laws of a layer", "[layers]") {
  delta_layer_laws_in_double<GatedLinearAttention>(small_gated_linear_attention, 8);
}

TEST_CASE("a GatedLinearAttention with convolutions and without a gate keeps the laws of a layer", "[layers]") {
  auto config = small_gated_linear_attention;
  config.use_short_conv = config.conv_bias = true;
  config.use_output_gate = false;
  config.expand_k = 1;
  config.expand_v = 0.5;
  config.gate_logit_normalizer = 2;
  delta_layer_laws_in_double<GatedLinearAttention>(config, 8);
}

TEST_CASE("a GatedLinearAttention keeps the laws over several chunks", "[layers]") {
  GatedLinearAttention<double> layer(small_gated_linear_attention);
  Random random(4);
  layer.initialize(random);
  const Tensor<double, 3> x = random_tokens<double>(1, 37, 8);
  steps_are_forward(layer, x);
  splits_are_whole(layer, x);
  no_output_sees_the_future(layer, x);
}

TEST_CASE("a GatedLinearAttention is a decayed sum of k v^T, token by token", "[layers]") {
  auto config = small_gated_linear_attention;
  config.use_output_gate = false;
  GatedLinearAttention<double> layer(config);
  Random random(4);
  layer.initialize(random);
  const auto& p = layer.params;
  const Tensor<double, 3> x = random_tokens<double>(1, 20, 8);
  Tensor<double, 3> y(1, 20, 8);
  std::array<Matrix<double>, 2> S{Matrix<double>::Zero(2, 4), Matrix<double>::Zero(2, 4)};
  for (Index t = 0; t < 20; ++t) {
    const Vector<double> token = rows(x).row(t).transpose();
    const Vector<double> q = p.q_proj.weight * token, k = p.k_proj.weight * token, v = p.v_proj.weight * token;
    const Vector<double> gk = p.f_proj.up.weight * (p.f_proj.down.weight * token) + *p.f_proj.up.bias;
    const Vector<double> alpha = (1 + (-gk.array()).exp()).pow(-1.0 / 16);
    Vector<double> normed(8);
    for (Index h = 0; h < 2; ++h) {
      auto& head = S[static_cast<std::size_t>(h)];
      head = alpha.segment(h * 2, 2).asDiagonal() * head;
      head += k.segment(h * 2, 2) * v.segment(h * 4, 4).transpose();
      const Vector<double> o = head.transpose() * q.segment(h * 2, 2) / std::sqrt(2.0);
      normed.segment(h * 4, 4) = o / std::sqrt(o.squaredNorm() / 4 + config.norm_eps);
    }
    rows(y).row(t) = (p.o_proj.weight * normed).transpose();
  }
  CHECK(relative_error(layer.forward(x), y) < layer_rounding(x));
}

TEST_CASE("the parameters of a GatedLinearAttention have the names and shapes of flash-linear-attention's", "[layers]") {
  using Names = std::vector<std::string>;
  CHECK(names_of(small_gated_linear_attention) == Names{"q_proj.weight", "k_proj.weight", "v_proj.weight", "gk_proj.0.weight",
                                                        "gk_proj.1.weight", "gk_proj.1.bias", "g_proj.weight",
                                                        "g_norm_swish_gate.weight", "o_proj.weight"});
  auto config = small_gated_linear_attention;
  config.use_short_conv = true;
  config.use_output_gate = false;
  CHECK(names_of(config) == Names{"q_proj.weight", "k_proj.weight", "v_proj.weight", "q_conv1d.weight", "k_conv1d.weight",
                                  "v_conv1d.weight", "gk_proj.0.weight", "gk_proj.1.weight", "gk_proj.1.bias",
                                  "g_norm_swish_gate.weight", "o_proj.weight"});
  const GatedLinearAttention<double> layer(small_gated_linear_attention);
  CHECK(layer.params.q_proj.weight.rows() == 4);
  CHECK(layer.params.v_proj.weight.rows() == 8);
  CHECK(layer.params.f_proj.down.weight.rows() == 3);
  CHECK(layer.params.f_proj.up.weight.rows() == 4);
  CHECK(layer.params.o_norm.weight.size() == 4);
}

TEST_CASE("a GatedLinearAttention's Config has flash-linear-attention's defaults", "[layers]") {
  const GatedLinearAttentionConfig config;
  CHECK((config.hidden_size == 1024 && config.num_heads == 4 && config.key_dim() == 512 && config.value_dim() == 1024));
  CHECK((!config.use_short_conv && !config.conv_bias && config.use_output_gate && config.conv_size == 4));
  CHECK((config.gate_logit_normalizer == 16 && config.gate_low_rank_dim == 16 && config.norm_eps == 1e-5));
}

TEST_CASE("a GatedLinearAttention names what is wrong with its Config, tokens and state", "[layers]") {
  using Catch::Matchers::ContainsSubstring;
  auto config = small_gated_linear_attention;
  config.num_heads = 3;
  CHECK_THROWS_WITH(GatedLinearAttention<double>(config),
                    ContainsSubstring("num_heads: expected a divisor of hidden_size * expand_k = 4"));
  config = small_gated_linear_attention;
  config.gate_logit_normalizer = 0;
  CHECK_THROWS_WITH(GatedLinearAttention<double>(config),
                    ContainsSubstring("gate_logit_normalizer: expected more than 0, got 0"));

  const GatedLinearAttention<double> layer(small_gated_linear_attention);
  CHECK_THROWS_WITH(layer.forward(zeros<double>(1, 2, 5)), ContainsSubstring("x: expected [B=1, T=2, D=8], got [1, 2, 5]"));
  auto state = layer.initial_state(2);
  CHECK_THROWS_WITH(layer.forward(zeros<double>(1, 2, 8), &state), ContainsSubstring("recurrent_state: expected [N=1, HV=2"));
}

}  // namespace deltanet::test
