#include "deltanet/layers/delta_inputs.hpp"

#include "laws/layer_laws.hpp"
#include "support/catch.hpp"

namespace deltanet::test {

namespace {

constexpr DeltaInputsConfig small_delta_inputs{
    .hidden_size = 4, .num_heads = 2, .num_v_heads = 4, .head_k_dim = 3, .head_v_dim = 5};

[[nodiscard]] DeltaInputsParams<double> drawn(const DeltaInputsConfig& config) {
  auto params = delta_inputs_params<double>(config);
  Random random(1);
  initialize_delta_inputs(params, config, random);
  return params;
}

[[nodiscard]] DeltaInputsCache<double> inputs_of(const DeltaInputsConfig& config, const Tensor<double, 3>& x) {
  DeltaInputsCache<double> cache;
  delta_inputs<double>(config, drawn(config), x, {}, cache);
  return cache;
}

}  // namespace

TEST_CASE("queries and keys pass through their feature map, values always through silu", "[layers]") {
  auto config = small_delta_inputs;
  config.conv_bias = true;
  config.qk_activation = FeatureMap::elu;
  const auto params = drawn(config);
  const Tensor<double, 3> x = random_tokens<double>(2, 6, 4);
  const auto cache = inputs_of(config, x);
  const auto branch = [&](const auto& projection, const auto& convolution, FeatureMap phi) {
    BranchCache<double> by_hand;
    deltanet::detail::Branch<double>{projection, convolution, phi, 1, false}.forward(x, {}, by_hand);
    return by_hand.out;
  };
  CHECK(identical(cache.q.out, branch(params.q_proj, params.q_conv1d, FeatureMap::elu)));
  CHECK(identical(cache.k.out, branch(params.k_proj, params.k_conv1d, FeatureMap::elu)));
  CHECK(identical(cache.v.out, branch(params.v_proj, params.v_conv1d, FeatureMap::silu)));
}

TEST_CASE("the sum norm is over each head", "[layers]") {
  auto config = small_delta_inputs;
  config.qk_norm = QKNorm::sum;
  config.qk_activation = FeatureMap::elu;
  const auto cache = inputs_of(config, random_tokens<double>(2, 6, 4));
  const MatrixMap<const double> q(cache.q.out.data(), 2 * 6 * 2, 3), k(cache.k.out.data(), 2 * 6 * 2, 3);
  CHECK((q.rowwise().sum().array() - 1).abs().maxCoeff() < rounding<double>(3));
  CHECK((k.rowwise().sum().array() - 1).abs().maxCoeff() < rounding<double>(3));
}

TEST_CASE("write strengths lie in (0, 1), or (0, 2) with negative eigenvalues, or are the largest without beta", "[layers]") {
  auto config = small_delta_inputs;
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

TEST_CASE("the gradients by x and all parameters of the inputs are finite differences", "[layers]") {
  auto config = small_delta_inputs;
  config.allow_neg_eigval = config.conv_bias = true;
  struct Everything {
    DeltaInputsParams<double> params;
    Tensor<double, 3> x;
    static constexpr auto fields() { return std::tuple{Field{"", &Everything::params}, Field{"x", &Everything::x}}; }
  };
  Everything at{drawn(config), random_tokens<double>(2, 5, 4)}, gradients = zeros_like(at);
  DeltaInputsCache<double> cache;
  delta_inputs<double>(config, at.params, at.x, {}, cache);
  Tensor<double, 3> dq = random_tokens<double>(2, 5, 6, 1), dk = random_tokens<double>(2, 5, 6, 2);
  Tensor<double, 3> dv = random_tokens<double>(2, 5, 20, 3), dbeta = random_tokens<double>(2, 5, 4, 4);
  const auto loss = [&, wq = dq, wk = dk, wv = dv, wbeta = dbeta] {
    DeltaInputsCache<double> again;
    delta_inputs<double>(config, at.params, at.x, {}, again);
    const auto product = [](const auto& a, const auto& b) { return rows(a).cwiseProduct(rows(b)).sum(); };
    return product(again.q.out, wq) + product(again.k.out, wk) + product(again.v.out, wv) + product(again.beta, wbeta);
  };
  delta_inputs_backward<double>(config, at.params, at.x, cache, {dq, dk, dv, dbeta}, rows(gradients.x), gradients.params);
  const GradientReport report = check_gradients(at, gradients, loss);
  INFO(report.text());
  CHECK(report.passes(finite_difference_error));
}

}  // namespace deltanet::test
