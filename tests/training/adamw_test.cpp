#include "deltanet/training/adamw.hpp"

#include "support/catch.hpp"
#include "training/toy_parameters.hpp"

using namespace deltanet;
using test::toy_parameters;
using test::ToyParameters;

TEST_CASE("two steps of AdamW are the formula worked by hand", "[adamw]") {
  ToyParameters<double> params{Matrix<double>::Constant(1, 1, 2.0), Vector<double>::Constant(1, 2.0)};
  AdamW optimiser(params, {.beta1 = 0.8, .beta2 = 0.9, .epsilon = 1e-3, .weight_decay = 0.5});
  const auto step = [&](double gradient, double rate) {
    const ToyParameters<double> gradients{Matrix<double>::Constant(1, 1, gradient), Vector<double>::Constant(1, gradient)};
    optimiser.step(params, gradients, rate);
  };
  // step 1: m / (1 - 0.8) = 3, v / (1 - 0.9) = 9
  step(3, 0.1);
  double weight = 2 * (1 - 0.1 * 0.5) - 0.1 * 3 / (3 + 1e-3);
  double gate = 2 - 0.1 * 3 / (3 + 1e-3);
  CHECK(params.weight(0, 0) == Catch::Approx(weight).epsilon(1e-14));
  CHECK(params.gate[0] == Catch::Approx(gate).epsilon(1e-14));
  // step 2: m = 0.8 * 0.6 - 0.2, v = 0.9 * 0.9 + 0.1
  step(-1, 0.2);
  const double change = 0.2 * (0.28 / 0.36) / (std::sqrt(0.91 / 0.19) + 1e-3);
  weight = weight * (1 - 0.2 * 0.5) - change;
  gate -= change;
  CHECK(params.weight(0, 0) == Catch::Approx(weight).epsilon(1e-14));
  CHECK(params.gate[0] == Catch::Approx(gate).epsilon(1e-14));
  CHECK(optimiser.state.steps == 2);
}

TEST_CASE("weight decay shrinks matrices and leaves gates, norms and biases alone", "[adamw]") {
  auto params = toy_parameters<float>(3, 4, 1);
  const auto before = params;
  AdamW optimiser(params, {.weight_decay = 0.25});
  optimiser.step(params, zeros_like(params), 0.5);
  CHECK(params.weight.isApprox(before.weight * (1 - 0.125f)));
  CHECK(params.gate == before.gate);
}

TEST_CASE("AdamW is the same to the last bit for any number of threads", "[adamw]") {
  const auto start = toy_parameters<float>(170, 211, 1);
  const auto gradients = toy_parameters<float>(170, 211, 2);
  const auto trained = [&](int count) {
    set_num_threads(count);
    auto params = start;
    AdamW optimiser(params);
    for (int i = 0; i < 3; ++i) optimiser.step(params, gradients, 0.01);
    return params;
  };
  const int threads = num_threads();
  const auto one = trained(1);
  for (const int count : {2, 3}) {
    const auto several = trained(count);
    CHECK(several.weight == one.weight);
    CHECK(several.gate == one.gate);
  }
  set_num_threads(threads);
}

TEST_CASE("the optimiser's moments are a parameter list for checkpoints", "[adamw]") {
  const AdamW optimiser(toy_parameters<float>(2, 3, 1));
  std::vector<std::string> names;
  for_each_tensor([&](const TensorInfo& info, const auto&) { names.push_back(info.name); }, optimiser.state);
  CHECK(names ==
        std::vector<std::string>{"first_moment.weight", "first_moment.gate", "second_moment.weight", "second_moment.gate"});
}

TEST_CASE("AdamW refuses settings that make no sense", "[adamw]") {
  auto params = toy_parameters<float>(1, 1, 1);
  CHECK_THROWS_AS(AdamW(params, {.beta1 = 1}), std::invalid_argument);
  CHECK_THROWS_AS(AdamW(params, {.epsilon = 0}), std::invalid_argument);
  CHECK_THROWS_AS(AdamW(params, {.weight_decay = -1}), std::invalid_argument);
  AdamW optimiser(params);
  CHECK_THROWS_WITH(optimiser.step(params, params, -1), "learning_rate: expected a number >= 0, got -1");
}
