#include "compare/regression_model.hpp"

#include "deltanet/training/gradient_check.hpp"
#include "support/catch.hpp"
#include "support/leaky_mixer.hpp"
#include "support/tolerance.hpp"

using namespace deltanet;

namespace {

using NumbersModel = compare::RegressionModel<test::LeakyMixer<double>>;

NumbersModel numbers_model() {
  NumbersModel model({.input_size = 3,
                      .target_size = 2,
                      .num_hidden_layers = 2,
                      .block = {.attn = {.hidden_size = 6}, .mlp = {.hidden_size = 6, .intermediate_size = 10}}});
  Random random(1);
  model.initialize(random);
  random.fill_normal(model.params.out_proj.params.weight);  // large enough for the gradients behind it to be seen
  return model;
}

Tensor<double, 3> some_numbers(Index width, std::uint64_t seed) {
  Tensor<double, 3> numbers(2, 7, width);
  Random random(seed);
  random.fill_normal(numbers);
  return numbers;
}

}  // namespace

TEST_CASE("the gradients of a regression model are the finite differences of its squared error") {
  NumbersModel model = numbers_model();
  const auto x = some_numbers(3, 2), targets = some_numbers(2, 3);
  NumbersModel::Cache cache;
  auto y = model.forward(x, nullptr, &cache);
  const MeanLoss mean = compare::squared_error_in_place<double>(y, targets);
  auto gradients = zeros_like(model.params);
  model.backward(cache, y, gradients);
  const auto loss = [&] {
    return (rows(model.forward(x)) - rows(targets)).squaredNorm() / static_cast<double>(targets.size());
  };
  CHECK(mean.loss == Catch::Approx(loss()));
  CHECK(mean.count == 28);
  const GradientReport report = check_gradients(model.params, gradients, loss);
  INFO(report.text());
  CHECK(report.passes(test::finite_difference_error));
  CHECK(report.checked == count_parameters(model.params));
}

TEST_CASE("a regression model gives the same predictions in one go and split, with the state carried") {
  const NumbersModel model = numbers_model();
  const auto x = some_numbers(3, 2);
  const auto whole = model.forward(x);
  auto state = model.initial_state(2);
  Tensor<double, 3> first(2, 4, 3), rest(2, 3, 3);
  for (Index b = 0; b < 2; ++b) {
    rows(first).middleRows(4 * b, 4) = rows(x).middleRows(7 * b, 4);
    rows(rest).middleRows(3 * b, 3) = rows(x).middleRows(7 * b + 4, 3);
  }
  const auto before = model.forward(first, &state), after = model.forward(rest, &state);
  for (Index b = 0; b < 2; ++b) {
    CHECK((rows(whole).middleRows(7 * b, 4) - rows(before).middleRows(4 * b, 4)).norm() < 1e-12);
    CHECK((rows(whole).middleRows(7 * b + 4, 3) - rows(after).middleRows(3 * b, 3)).norm() < 1e-12);
  }
}

TEST_CASE("a squared error refuses predictions of another shape") {
  auto y = some_numbers(2, 1);
  CHECK_THROWS_WITH(compare::squared_error_in_place<double>(y, some_numbers(3, 2)),
                    "predictions: expected [B=2, T=7, D'=3], got [2, 7, 2]");
}
