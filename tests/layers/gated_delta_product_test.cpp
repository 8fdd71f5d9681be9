#include "deltanet/layers/gated_delta_product.hpp"

#include "deltanet/layers/gated_delta_net.hpp"
#include "laws/layer_laws.hpp"
#include "support/catch.hpp"

namespace deltanet::test {

namespace {

constexpr GatedDeltaProductConfig small_gated_delta_product{.hidden_size = 6, .head_dim = 3, .num_heads = 2};

template <class Layer>
[[nodiscard]] std::vector<std::string> names_of(const Layer& layer) {
  std::vector<std::string> names;
  for_each_tensor([&](const TensorInfo& info, const auto&) { names.push_back(info.name); }, layer.params);
  return names;
}

}  // namespace

TEST_CASE("a GatedDeltaProduct keeps the laws of a layer", "[layers]") {
  auto config = small_gated_delta_product;
  config.num_heads = 1;
  config.num_v_heads = 2;
  delta_layer_laws_in_double<GatedDeltaProduct>(config, 6);
}

TEST_CASE("a DeltaProduct of three steps without gate and convolutions keeps the laws of a layer", "[layers]") {
  auto config = small_gated_delta_product;
  config.expand_v = 1;
  config.use_output_gate = config.use_short_conv = config.allow_neg_eigval = false;
  config.num_householder = 3;
  delta_layer_laws_in_double<DeltaProduct>(config, 6);
}

TEST_CASE("a GatedDeltaProduct of one step is a GatedDeltaNet", "[layers]") {
  auto config = small_gated_delta_product;
  config.num_householder = 1;
  GatedDeltaProduct<double> product(config);
  Random random(1);
  product.initialize(random);
  GatedDeltaNet<double> net({.hidden_size = 6, .head_dim = 3, .num_heads = 2, .allow_neg_eigval = true});
  static_cast<DeltaInputsParams<double>&>(net.params) = product.params;
  static_cast<DecayGateParams<double>&>(net.params) = product.params;
  static_cast<DeltaOutputParams<double>&>(net.params) = product.params;
  const Tensor<double, 3> x = random_tokens<double>(2, 37, 6);
  CHECK(relative_error(product.forward(x), net.forward(x)) < layer_rounding(x));
}

TEST_CASE("a token's keys, values and strengths of a GatedDeltaProduct act one after the other", "[layers]") {
  auto config = small_gated_delta_product;
  config.num_heads = 1;
  GatedDeltaProduct<double> layer(config);
  Random random(1);
  layer.initialize(random);
  const Tensor<double, 3> x = random_tokens<double>(1, 5, 6);
  GatedDeltaProduct<double>::Cache cache;
  (void)layer.forward(x, nullptr, &cache);
  Matrix<double> S = Matrix<double>::Zero(3, 6), expected(5, 6);
  const auto unit = [](const auto& row) { return Vector<double>(row / std::sqrt(row.squaredNorm() + 1e-6)); };
  for (Index t = 0; t < 5; ++t) {
    S *= std::exp(cache.decay.g(0, t, 0));
    for (Index j = 0; j < 2; ++j) {
      const Vector<double> k = unit(VectorMap<const double>(&cache.inputs.k.out(0, t, 3 * j), 3));
      const VectorMap<const double> v(&cache.inputs.v.out(0, t, 6 * j), 6);
      S += cache.inputs.beta(0, t, j) * k * (v - S.transpose() * k).transpose();
    }
    expected.row(t) = S.transpose() * unit(VectorMap<const double>(&cache.inputs.q.out(0, t, 0), 3)) / std::sqrt(3.0);
  }
  CHECK(relative_error(cache.output.o, expected) < layer_rounding(x));
}

TEST_CASE("the parameters of a GatedDeltaProduct have the names and shapes of flash-linear-attention's", "[layers]") {
  using Names = std::vector<std::string>;
  const GatedDeltaProduct<double> layer(small_gated_delta_product);
  CHECK(names_of(layer) == Names{"q_proj.weight", "k_proj.weight", "v_proj.weight", "b_proj.weight", "q_conv1d.weight",
                                 "k_conv1d.weight", "v_conv1d.weight", "a_proj.weight", "A_log", "dt_bias", "g_proj.weight",
                                 "o_norm.weight", "o_proj.weight"});
  CHECK(layer.params.q_proj.weight.rows() == 6);
  CHECK(layer.params.k_proj.weight.rows() == 12);
  CHECK(layer.params.v_proj.weight.rows() == 24);
  CHECK(layer.params.b_proj->weight.rows() == 4);
  CHECK(layer.params.q_conv1d->weight.dimension(0) == 6);
  CHECK(layer.params.k_conv1d->weight.dimension(0) == 12);
  CHECK(layer.params.a_proj.weight.rows() == 2);
  CHECK(layer.initial_state(5).recurrent_state.dimensions() == Eigen::array<Index, 4>{5, 2, 3, 6});
  auto config = small_gated_delta_product;
  config.use_output_gate = config.use_short_conv = false;
  CHECK(names_of(DeltaProduct<double>(config)) ==
        Names{"q_proj.weight", "k_proj.weight", "v_proj.weight", "b_proj.weight", "o_norm.weight", "o_proj.weight"});
}

TEST_CASE("a GatedDeltaProduct names what is wrong with its Config", "[layers]") {
  using Catch::Matchers::ContainsSubstring;
  auto config = small_gated_delta_product;
  config.num_householder = 0;
  CHECK_THROWS_WITH(GatedDeltaProduct<double>(config), ContainsSubstring("num_householder: expected at least 1, got 0"));
  config = small_gated_delta_product;
  config.num_v_heads = 3;
  CHECK_THROWS_WITH(GatedDeltaProduct<double>(config),
                    ContainsSubstring("num_v_heads: expected a multiple of num_heads=2, got 3"));
  config = small_gated_delta_product;
  config.num_heads = 0;
  CHECK_THROWS_WITH(GatedDeltaProduct<double>(config), ContainsSubstring("num_heads: expected at least 1, got 0"));
  config = small_gated_delta_product;
  config.expand_v = 1.5;
  CHECK_THROWS_WITH(GatedDeltaProduct<double>(config),
                    ContainsSubstring("expand_v: expected an integral head_dim * expand_v, got 3"));
}

}  // namespace deltanet::test
