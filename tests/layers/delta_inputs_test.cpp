#include "deltanet/layers/delta_inputs.hpp"

#include "laws/layer_laws.hpp"
#include "support/catch.hpp"

namespace deltanet::test {

namespace {

constexpr DeltaInputsConfig small{.hidden_size = 4, .num_heads = 2, .num_v_heads = 4, .head_k_dim = 3, .head_v_dim = 5};

[[nodiscard]] DeltaInputsParams<double> drawn(const DeltaInputsConfig& config) {
  auto params = delta_inputs_params<double>(config);
  Random random(1);
  initialize_delta_inputs(params, config, random);
  return params;
}

[[nodiscard]] DeltaInputsCache<double> inputs_of(const DeltaInputsConfig& config, const Tensor<double, 3>& x) {
  DeltaInputsCache<double> cache;
  delta_inputs<double>(config, drawn(config), x, nullptr, cache);
  return cache;
}

}  // namespace

TEST_CASE("queries, keys and values are projected, convolved and activated in this order", "[layers]") {
  auto config = small;
  config.conv_bias = true;
  config.qk_activation = FeatureMap::elu;
  const auto params = drawn(config);
  const Tensor<double, 3> x = random_tokens<double>(2, 6, 4);
  const auto cache = inputs_of(config, x);
  const auto by_hand = [&](const LinearParams<double>& projection, const ShortConvolutionParams<double>& conv, FeatureMap phi) {
    Tensor<double, 3> projected(2, 6, projection.weight.rows());
    linear<double>(projection, rows(x), rows(projected));
    ShortConvolution<double> convolution(
        {.hidden_size = projection.weight.rows(), .kernel_size = config.conv_size, .bias = true, .activation = phi});
    convolution.params = conv;
    return convolution.forward(projected);
  };
  CHECK(identical(cache.q.out, by_hand(params.q_proj, *params.q_conv1d, FeatureMap::elu)));
  CHECK(identical(cache.k.out, by_hand(params.k_proj, *params.k_conv1d, FeatureMap::elu)));
  CHECK(identical(cache.v.out, by_hand(params.v_proj, *params.v_conv1d, FeatureMap::silu)));
}

TEST_CASE("the sum norm is over each head", "[layers]") {
  auto config = small;
  config.qk_norm = QKNorm::sum;
  config.qk_activation = FeatureMap::elu;
  const auto cache = inputs_of(config, random_tokens<double>(2, 6, 4));
  const MatrixMap<const double> q(cache.q.out.data(), 2 * 6 * 2, 3), k(cache.k.out.data(), 2 * 6 * 2, 3);
  CHECK((q.rowwise().sum().array() - 1).abs().maxCoeff() < rounding<double>(3));
  CHECK((k.rowwise().sum().array() - 1).abs().maxCoeff() < rounding<double>(3));
}

TEST_CASE("write strengths lie in (0, 1), or (0, 2) with negative eigenvalues, or are the largest without beta", "[layers]") {
  auto config = small;
  const Tensor<double, 3> x = 100.0 * random_tokens<double>(2, 50, 4);
  const auto range = [&] {
    const auto beta = inputs_of(config, x).beta;
    return std::pair{rows(beta).minCoeff(), rows(beta).maxCoeff()};
  };
  CHECK(range().first == Catch::Approx(0).margin(0.01));
  CHECK(range().second == Catch::Approx(1));
  config.allow_neg_eigval = true;
  CHECK(range().first == Catch::Approx(0).margin(0.01));
  CHECK(range().second == Catch::Approx(2));
  config.use_beta = false;
  CHECK(range() == std::pair{2.0, 2.0});
  config.allow_neg_eigval = false;
  CHECK(range() == std::pair{1.0, 1.0});
}

TEST_CASE("the state of a delta-rule layer has convolutions only where the layer has", "[layers]") {
  auto config = small;
  std::vector<std::string> names;
  const auto list = [&](const TensorInfo& info, const auto&) { names.push_back(info.name); };
  const auto with = initial_delta_state<float>(config, 3);
  for_each_tensor(list, with);
  CHECK(names == std::vector<std::string>{"recurrent_state", "q_conv_state", "k_conv_state", "v_conv_state"});
  names.clear();
  config.use_short_conv = false;
  const auto without = initial_delta_state<float>(config, 3);
  for_each_tensor(list, without);
  CHECK(names == std::vector<std::string>{"recurrent_state"});
}

TEST_CASE("a state without its convolutions is refused by name", "[layers]") {
  using Catch::Matchers::ContainsSubstring;
  auto state = initial_delta_state<float>(small, 3);
  state.v_conv_state.reset();
  CHECK_THROWS_WITH(expect_delta_state(small, 3, state), ContainsSubstring("v_conv_state: expected [B=3, D=20, W=4]"));
}

}  // namespace deltanet::test
