#include "deltanet/layers/discretization.hpp"

#include "laws/layer_laws.hpp"
#include "support/catch.hpp"

namespace deltanet::test {

namespace {

/// Three tokens' worth of width for two heads of values of width 2.
struct Steps {
  DiscretizationParams<double> params = discretization_params<double>(3, 2);
  Tensor<double, 3> x = random_tokens<double>(2, 4, 3, 1), v = random_tokens<double>(2, 4, 4, 2);

  Steps() {
    Random random(3);
    initialize_discretization(params, {}, random);
  }
  [[nodiscard]] DiscretizationCache<double> made() const {
    DiscretizationCache<double> cache;
    discretize<double>(params, x, v, cache);
    return cache;
  }
  static constexpr auto fields() { return std::tuple{Field{"", &Steps::params}, Field{"x", &Steps::x}, Field{"v", &Steps::v}}; }
};

}  // namespace

TEST_CASE("a token's time step makes its decay and scales its values", "[layers]") {
  const Steps steps;
  const auto made = steps.made();
  const Matrix<double> z = rows(steps.x) * steps.params.dt_proj.weight.transpose();
  for (Index i = 0; i < 8; ++i)
    for (Index h = 0; h < 2; ++h) {
      const double dt = std::log1p(std::exp(z(i, h) + steps.params.dt_bias[h]));
      CHECK(rows(made.dt)(i, h) == Catch::Approx(dt));
      CHECK(rows(made.g)(i, h) == Catch::Approx(-std::exp(steps.params.A_log[h]) * dt));
      for (Index j = 2 * h; j < 2 * h + 2; ++j) CHECK(rows(made.v)(i, j) == Catch::Approx(dt * rows(steps.v)(i, j)));
    }
}

TEST_CASE("the gradients of a discretization are its finite differences", "[layers]") {
  Steps at;
  Steps gradients = zeros_like(at);
  const Tensor<double, 3> by_g = random_tokens<double>(2, 4, 2, 4), by_v = random_tokens<double>(2, 4, 4, 5);
  gradients.v = by_v;
  discretize_backward<double>(at.params, at.x, at.v, at.made(), {by_g, gradients.v}, rows(gradients.x), gradients.params);
  const GradientReport report = check_gradients(at, gradients, [&] {
    const auto made = at.made();
    return rows(made.g).cwiseProduct(rows(by_g)).sum() + rows(made.v).cwiseProduct(rows(by_v)).sum();
  });
  INFO(report.text());
  CHECK(report.passes(finite_difference_error));
}

TEST_CASE("a discretization begins in Mamba-2's ranges, and only its projection takes weight decay", "[layers]") {
  auto params = discretization_params<float>(3, 1000);
  Random random(1);
  initialize_discretization(params, {}, random);
  CHECK(params.A_log.minCoeff() >= 0);
  CHECK(params.A_log.maxCoeff() <= std::log(16.0f));
  const Vector<float> dt = params.dt_bias.array().exp().log1p();
  CHECK(dt.minCoeff() >= 0.99e-3f);
  CHECK(dt.maxCoeff() <= 1.01e-1f);
  for_each_tensor(
      [](const TensorInfo& info, const auto&) {
        INFO(info.name);
        CHECK((info.weight_decay == WeightDecay::yes) == (info.name == "dt_proj.weight"));
      },
      params);
}

}  // namespace deltanet::test
