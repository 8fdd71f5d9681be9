#include "deltanet/layers/state_space_duality.hpp"

#include "laws/layer_laws.hpp"
#include "support/catch.hpp"

namespace deltanet::test {

namespace {

constexpr StateSpaceDualityConfig small_state_space_duality{.hidden_size = 6, .expand_v = 1, .head_dim = 3, .num_v_heads = 2};

[[nodiscard]] StateSpaceDuality<double> drawn(const StateSpaceDualityConfig& config) {
  StateSpaceDuality<double> layer(config);
  Random random(1);
  layer.initialize(random);
  return layer;
}

}  // namespace

TEST_CASE("a layer of the state-space duality keeps the laws of a layer", "[layers]") {
  delta_layer_laws_in_double<StateSpaceDuality>(small_state_space_duality, 6);
}

TEST_CASE("a layer of the state-space duality without gate and convolutions keeps the laws of a layer", "[layers]") {
  auto config = small_state_space_duality;
  config.num_heads = 2;
  config.use_gate = config.use_short_conv = false;
  delta_layer_laws_in_double<StateSpaceDuality>(config, 6);
}

TEST_CASE("a layer of the state-space duality reads q^T (sum of decayed dt k v^T) + D v", "[layers]") {
  const auto layer = drawn(small_state_space_duality);
  const Tensor<double, 3> x = random_tokens<double>(1, 20, 6);
  StateSpaceDuality<double>::Cache cache;
  (void)layer.forward(x, nullptr, &cache);
  const MatrixMap<const double> q(cache.inputs.q.out.data(), 20, 3), k(cache.inputs.k.out.data(), 20, 3),
      v(cache.inputs.v.out.data(), 20, 6), o(cache.output.o.data(), 20, 6);
  for (Index h = 0; h < 2; ++h) {
    Matrix<double> expected(20, 3);
    for (Index t = 0; t < 20; ++t) {
      expected.row(t) = layer.params.D[h] * v.row(t).segment(3 * h, 3);
      double decay = 1;  // of what was written at s, up to t
      for (Index s = t; s >= 0; --s) {
        expected.row(t) += decay * q.row(t).dot(k.row(s)) * cache.steps.dt(0, s, h) * v.row(s).segment(3 * h, 3);
        decay *= std::exp(cache.steps.g(0, s, h));
      }
    }
    CHECK(relative_error(Matrix<double>(o.middleCols(3 * h, 3)), expected) < layer_rounding(x));
  }
}

TEST_CASE("the parameters of a layer of the state-space duality have their names; D begins at one", "[layers]") {
  std::vector<std::string> names;
  const auto layer = drawn(small_state_space_duality);
  for_each_tensor([&](const TensorInfo& info, const auto&) { names.push_back(info.name); }, layer.params);
  CHECK(names == std::vector<std::string>{"q_proj.weight", "k_proj.weight", "v_proj.weight", "q_conv1d.weight", "q_conv1d.bias",
                                          "k_conv1d.weight", "k_conv1d.bias", "v_conv1d.weight", "v_conv1d.bias",
                                          "dt_proj.weight", "dt_bias", "A_log", "D", "g_proj.weight", "o_norm.weight",
                                          "o_proj.weight"});
  CHECK(layer.params.D == Vector<double>::Ones(2));
}

TEST_CASE("a layer of the state-space duality has Mamba-2's sizes by default, and names what is wrong with others",
          "[layers]") {
  const StateSpaceDualityConfig config;
  CHECK(config.inputs().value_dim() == 2 * config.hidden_size);
  CHECK(config.head_v_dim() == 64);
  auto wrong = small_state_space_duality;
  wrong.expand_v = 1.5;
  CHECK_THROWS_WITH(StateSpaceDuality<double>(wrong),
                    Catch::Matchers::ContainsSubstring("expand_v: expected an integral head_dim * expand_v, got 3"));
}

}  // namespace deltanet::test
