#include "deltanet/recurrence/chunked.hpp"

#include "deltanet/memory/delta_rule.hpp"
#include "deltanet/recurrence/sequential.hpp"
#include "laws/executor_bits.hpp"
#include "support/catch.hpp"
#include "support/random_inputs.hpp"
#include "support/reverse_executor.hpp"
#include "support/tolerance.hpp"

// That every member's chunked scan is its sequential one, is checked with the members: laws/member_laws.hpp.

using namespace deltanet;
using test::Sizes;

TEST_CASE("packed sequences do not see each other, and an empty one keeps its state") {
  const Sizes sizes{.B = 1, .T = 40, .N = 4};
  const test::RandomInputs<GatedDeltaRule, double> inputs(sizes);
  const auto packed = chunked(inputs.in(), {.cu_seqlens = {0, 15, 15, 16, 40}});
  const auto alone = chunked(inputs.in(), {.cu_seqlens = {0, 40}});
  CHECK(test::relative_error(packed.o, alone.o) > 0.01);
  const Tensor<double, 4> empty =
      packed.final_state.slice(Eigen::array<Index, 4>{1, 0, 0, 0}, Eigen::array<Index, 4>{1, sizes.HV, sizes.K, sizes.V});
  CHECK(test::identical(empty, zeros<double>(1, sizes.HV, sizes.K, sizes.V)));
}

TEMPLATE_TEST_CASE("float agrees with a double definition to 2e-6 at T=2048, K=V=128, also with strong decay and beta up to 2",
                   "[slow]", GatedDeltaRule, KimiDeltaRule) {
  for (const double least_g : {-0.1, -70.0})
    for (const double greatest_beta : {1.0, 2.0}) {
      const test::RandomInputs<TestType, float> inputs(
          {.B = 1, .T = 2048, .H = 1, .HV = 1, .K = 128, .V = 128, .N = 1, .least_g = least_g, .greatest_beta = greatest_beta});
      const test::RandomInputs<TestType, double> exact(inputs);
      const auto expected = sequential(exact.in());
      INFO("g >= " << least_g << ", beta <= " << greatest_beta);
      CHECK(test::relative_error(chunked(inputs.in()).o, expected.o) < 2e-6);
      CHECK(test::relative_error(chunked(inputs.in()).final_state, expected.final_state) < 2e-6);
      CHECK(test::relative_error(sequential(inputs.in()).o, expected.o) < 2e-6);
    }
}

TEST_CASE("bits do not depend on the executor") {
  test::ReverseExecutor reverse;
  test::check_that_bits_do_not_depend_on(reverse);
  for (const int threads : {1, 2, 5}) {
    ThreadTeam team(threads);
    test::check_that_bits_do_not_depend_on(team);
  }
}
