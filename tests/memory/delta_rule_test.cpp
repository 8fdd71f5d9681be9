#include "deltanet/memory/delta_rule.hpp"

#include "laws/member_laws.hpp"

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

TEMPLATE_TEST_CASE("the delta rule keeps the laws of a member, over every decay", "", DeltaRule, GatedDeltaRule,
                   KimiDeltaRule) {
  test::member_laws<TestType>();
}

TEMPLATE_TEST_CASE("strong decay keeps outputs, states and every gradient, that of the decay among them", "", GatedDeltaRule,
                   KimiDeltaRule) {
  for (const double g : {-5.0, -70.0}) {
    test::check_chunked_is_sequential<TestType, float>({.T = 50, .least_g = g}, 16);
    test::check_chunked_is_sequential<TestType, double>({.T = 50, .least_g = g}, 16);
  }
}
