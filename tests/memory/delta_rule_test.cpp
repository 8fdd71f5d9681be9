#include "deltanet/memory/delta_rule.hpp"

#include "deltanet/recurrence/sequential.hpp"
#include "support/catch.hpp"
#include "support/finite_differences.hpp"
#include "support/random_inputs.hpp"
#include "support/tolerance.hpp"

using namespace deltanet;

TEST_CASE("a value stored under a key is recalled, overwritten, and leaves another key's value alone") {
  Tensor<double, 4> q(1, 4, 1, 2), k(1, 4, 1, 2), v(1, 4, 1, 1);
  Tensor<double, 3> beta(1, 4, 1);
  k.setValues({{{{1, 0}}, {{0, 1}}, {{1, 0}}, {{0, 1}}}});
  q.setValues({{{{1, 0}}, {{1, 0}}, {{1, 0}}, {{0, 1}}}});
  v.setValues({{{{5}}, {{7}}, {{9}}, {{8}}}});
  beta.setValues({{{1}, {1}, {1}, {0.5}}});
  const auto result = sequential(DeltaRule::Inputs<double>{.q = q, .k = k, .v = v, .beta = beta}, {.scale = 1.0});
  CHECK(result.o(0, 0, 0, 0) == 5);
  CHECK(result.o(0, 1, 0, 0) == 5);
  CHECK(result.o(0, 2, 0, 0) == 9);
  CHECK(result.o(0, 3, 0, 0) == 7.5);  // half way from 7 to 8
}

TEST_CASE("the gated rule forgets by exp(g) before it predicts") {
  Tensor<double, 4> one(1, 1, 1, 1), state(1, 1, 1, 1);
  Tensor<double, 3> beta(1, 1, 1), g(1, 1, 1);
  one.setConstant(1);
  state.setConstant(4);
  beta.setConstant(0.5);
  g.setConstant(std::log(0.5));
  const auto result =
      sequential(GatedDeltaRule::Inputs<double>{.q = one, .k = one, .v = one, .beta = beta, .g = g}, {.initial_state = state});
  CHECK(result.final_state(0, 0, 0, 0) == Catch::Approx(2 + 0.5 * (1 - 2)));
}

TEMPLATE_TEST_CASE("a member's gradients are finite differences of its definition", "", DeltaRule, GatedDeltaRule) {
  test::RandomInputs<TestType, double> inputs({.B = 1, .T = 6, .H = 1, .HV = 2, .K = 3, .V = 4, .N = 1});
  const bool normalized = GENERATE(false, true);
  const auto options = [&] { return ScanOptions<double>{.use_qk_l2norm = normalized, .initial_state = inputs.initial_state}; };
  const auto loss = [&] {
    const auto result = sequential(inputs.in(), options());
    return VectorMap<const double>(result.o.data(), result.o.size())
               .dot(VectorMap<const double>(inputs.do_.data(), inputs.do_.size())) +
           VectorMap<const double>(result.final_state.data(), result.final_state.size())
               .dot(VectorMap<const double>(inputs.dfinal_state.data(), inputs.dfinal_state.size()));
  };
  const auto d = sequential_backward(inputs.in(), inputs.cotangents(), options());
  for_each_input(
      [&](const auto& field, auto& x, const auto& dx) {
        const auto error = test::finite_difference_error_of(x, dx, loss);
        INFO(field.name << ": " << error.where);
        CHECK(error.worst < test::finite_difference_error);
      },
      inputs.owned, d.inputs);
  const auto error = test::finite_difference_error_of(inputs.initial_state, d.initial_state, loss);
  INFO("initial_state: " << error.where);
  CHECK(error.worst < test::finite_difference_error);
}
