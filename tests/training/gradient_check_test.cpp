#include "deltanet/training/gradient_check.hpp"

#include "support/catch.hpp"
#include "training/toy_parameters.hpp"

using namespace deltanet;
using test::toy_parameters;
using test::ToyParameters;

namespace {

/// loss = sum tanh(weight) gate^T
struct Problem {
  ToyParameters<double> params = toy_parameters<double>(3, 4, 1);

  double loss() const { return (params.weight.array().tanh().matrix() * params.gate).sum(); }
  ToyParameters<double> gradients() const {
    ToyParameters<double> result = zeros_like(params);
    result.weight = (1 - params.weight.array().tanh().square()).matrix() * params.gate.asDiagonal();
    result.gate = params.weight.array().tanh().matrix().colwise().sum().transpose();
    return result;
  }
  GradientReport check(const ToyParameters<double>& analytic, const GradientCheckOptions& options = {}) {
    return check_gradients(
        params, analytic, [&] { return loss(); }, options);
  }
};

/// y = x .* gate, whose backward may forget a factor.
struct ToyLayer {
  using Scalar = double;
  using Params = ToyParameters<double>;
  struct State {};
  struct Cache {
    Tensor<double, 3> x;
  };
  Params params = toy_parameters<double>(1, 4, 3);
  double mistake = 1;

  Tensor<double, 3> forward(View<const double, 3> x, State* = nullptr, Cache* cache = nullptr) const {
    Tensor<double, 3> y(x.shape);
    rows(y) = x.rows() * params.gate.asDiagonal();
    if (cache) {
      cache->x.resize(x.shape);
      rows(cache->x) = x.rows();
    }
    return y;
  }
  Tensor<double, 3> backward(const Cache& cache, View<const double, 3> dy, Params& gradients) const {
    gradients.gate += rows(cache.x).cwiseProduct(dy.rows()).colwise().sum().transpose();
    Tensor<double, 3> dx(dy.shape);
    rows(dx) = mistake * dy.rows() * params.gate.asDiagonal();
    return dx;
  }
};

}  // namespace

TEST_CASE("a right gradient passes, and every entry was checked", "[gradient_check]") {
  Problem problem;
  const auto before = problem.params;
  const GradientReport report = problem.check(problem.gradients());
  INFO(report.text());
  CHECK(report.passes(1e-9));
  CHECK(report.checked == 16);
  CHECK(problem.params.weight == before.weight);
  CHECK(problem.params.gate == before.gate);
}

TEST_CASE("a wrong gradient fails, and the report names its tensor and entry", "[gradient_check]") {
  Problem problem;
  auto gradients = problem.gradients();
  gradients.weight(2, 1) *= 1.01;
  const GradientReport report = problem.check(gradients);
  CHECK(!report.passes());
  CHECK(report.tensor == "weight");
  CHECK(report.entry == std::vector<Index>{2, 1});
  CHECK(report.error == Catch::Approx(0.01).epsilon(0.02));
  CHECK(report.text().find("worst of 16 entries in weight[2, 1]: analytic ") == 0);
}

TEST_CASE("a gradient that was forgotten or is not a number fails", "[gradient_check]") {
  Problem problem;
  auto gradients = problem.gradients();
  gradients.gate.setZero();
  CHECK(problem.check(gradients).tensor == "gate");
  CHECK(!problem.check(gradients).passes());
  gradients = problem.gradients();
  gradients.gate[3] = std::nan("");
  CHECK(!problem.check(gradients).passes());
  CHECK(problem.check(gradients).entry == std::vector<Index>{3});
}

TEST_CASE("a few entries of each tensor are enough for a large model", "[gradient_check]") {
  Problem problem;
  const GradientReport report = problem.check(problem.gradients(), {.entries_per_tensor = 2});
  CHECK(report.checked == 4);
  CHECK(report.passes());
}

TEST_CASE("a layer's gradients by its parameters and by its input are checked", "[gradient_check]") {
  Tensor<double, 3> x(2, 3, 4);
  Random random(5);
  random.fill_normal(x);
  ToyLayer layer;
  CHECK(check_layer_gradients(layer, x).passes(1e-9));
  layer.mistake = 0.9;
  const GradientReport report = check_layer_gradients(layer, x);
  CHECK(!report.passes());
  CHECK(report.tensor == "x");
}
