#include "deltanet/recurrence/step.hpp"

#include "deltanet/recurrence/sequential.hpp"
#include "support/catch.hpp"
#include "support/random_inputs.hpp"
#include "support/tolerance.hpp"

using namespace deltanet;

TEMPLATE_TEST_CASE("a step is a scan of one token, in place", "", float, double) {
  for (const Index V : {5, 16, 20, 64}) {
    const test::RandomInputs<GatedDeltaRule, TestType> inputs({.T = 1, .V = V});
    const auto expected = sequential(inputs.in(), {.use_qk_l2norm = true, .initial_state = inputs.initial_state});
    Tensor<TestType, 4> state = inputs.initial_state, o(2, 1, 4, V);
    step(inputs.in(), View<TestType, 4>(state), View<TestType, 4>(o), {.use_qk_l2norm = true});
    CHECK(test::relative_error(o, expected.o) < test::rounding<TestType>(12));
    CHECK(test::relative_error(state, expected.final_state) < test::rounding<TestType>(12));
  }
}

TEST_CASE("a step refuses what is not one token, and leaves the state alone") {
  const test::RandomInputs<GatedDeltaRule, float> two({.T = 2}), one({.T = 1});
  Tensor<float, 4> state = one.initial_state, o(2, 1, 4, 20);
  const View<float, 4> S(state), out(o);
  CHECK_THROWS_WITH(step(two.in(), S, out), "step: expected inputs of T=1 token, got T=2");
  CHECK_THROWS_WITH(step(one.in(), out, out), "state: expected [B=2, HV=4, K=12, V=20], got [2, 1, 4, 20]");
  CHECK_THROWS_WITH(step(one.in(), S, S), "o: expected [B=2, T=1, HV=4, V=20], got [2, 4, 12, 20]");
  auto broken = one;
  broken.owned.k(0, 0, 0, 0) = std::numeric_limits<float>::infinity();
  CHECK_THROWS_WITH(step(broken.in(), S, out), "k: expected finite numbers, got inf at flat index 0");
  CHECK(test::identical(state, one.initial_state));
}
