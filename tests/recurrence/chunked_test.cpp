#include "deltanet/recurrence/chunked.hpp"

#include "laws/member_laws.hpp"

using namespace deltanet;
using test::Sizes;

// A new member joins the laws here.
using Members = std::tuple<DeltaRule, GatedDeltaRule>;

TEMPLATE_LIST_TEST_CASE("a chunked scan is the sequential scan, at lengths around the chunk", "", Members) {
  const Index C = GENERATE(1, 5, 16);
  for (const Index tokens : {Index(0), Index(1), C - 1, C, C + 1, 5 * C + 3}) {
    const Sizes sizes{.T = tokens, .greatest_beta = 2};
    test::check_chunked_is_sequential<TestType, double>(sizes, C);
    test::check_chunked_is_sequential<TestType, float>(sizes, C, true);
  }
}

TEMPLATE_LIST_TEST_CASE("a chunked scan takes chunks longer than the block and the sequence", "", Members) {
  for (const Index C : {64, 100, 200}) {
    test::check_chunked_is_sequential<TestType, double>({.B = 1, .T = 131, .H = 1, .HV = 1, .N = 1}, C);
    test::check_chunked_is_sequential<TestType, float>({.B = 1, .T = 131, .H = 1, .HV = 1, .N = 1}, C);
  }
}

TEMPLATE_LIST_TEST_CASE("a chunked scan takes any widths of keys and values", "", Members) {
  for (const auto& [K, V] : {std::pair<Index, Index>{1, 1}, {60, 100}, {64, 128}, {33, 7}})
    test::check_chunked_is_sequential<TestType, float>({.B = 1, .T = 70, .H = 1, .HV = 2, .K = K, .V = V, .N = 1}, 16,
                                                       K > 1);  // a normalised number has no gradient
}

TEST_CASE("strong decay keeps outputs, states and every gradient, that of the decay among them") {
  for (const double g : {-5.0, -70.0}) {
    test::check_chunked_is_sequential<GatedDeltaRule, float>({.T = 50, .least_g = g}, 16);
    test::check_chunked_is_sequential<GatedDeltaRule, double>({.T = 50, .least_g = g}, 16);
  }
}

TEMPLATE_LIST_TEST_CASE("packed sequences have a state each and do not see each other, empty ones included", "", Members) {
  const Sizes sizes{.B = 1, .T = 40, .N = 4};
  test::check_chunked_is_sequential<TestType, double>(sizes, 8, true, {0, 15, 15, 16, 40});
  const test::RandomInputs<TestType, double> inputs(sizes);
  const auto packed = chunked(inputs.in(), {.cu_seqlens = {0, 15, 15, 16, 40}});
  const auto alone = chunked(inputs.in(), {.cu_seqlens = {0, 40}});
  CHECK(test::relative_error(packed.o, alone.o) > 0.01);
  const Tensor<double, 4> empty =
      packed.final_state.slice(Eigen::array<Index, 4>{1, 0, 0, 0}, Eigen::array<Index, 4>{1, sizes.HV, sizes.K, sizes.V});
  CHECK(test::identical(empty, zeros<double>(1, sizes.HV, sizes.K, sizes.V)));
}

TEMPLATE_LIST_TEST_CASE("a sequence may be split anywhere, and go on token by token", "", Members) {
  const Sizes sizes{.T = 37};
  for (const Index cut : {0, 1, 15, 16, 17, 36, 37}) {
    test::check_split_is_whole<TestType, double>(sizes, cut);
    test::check_split_is_whole<TestType, float>(sizes, cut);
  }
}

TEMPLATE_LIST_TEST_CASE("outputs do not depend on later tokens, to the last bit", "", Members) {
  for (const Index changed : {1, 15, 16, 36}) test::check_causality<TestType, float>({.T = 37}, changed);
}

TEMPLATE_LIST_TEST_CASE("any number of threads gives the same bits", "", Members) {
  test::check_threads_do_not_matter<TestType, float>({.T = 90, .K = 32, .V = 100});
  test::check_threads_do_not_matter<TestType, double>({.B = 1, .T = 90, .H = 1, .HV = 1, .K = 32, .V = 128, .N = 1});
}

TEST_CASE("float agrees with a double definition to 2e-6 at T=2048, K=V=128, also with strong decay and beta up to 2") {
  for (const double least_g : {-0.1, -70.0})
    for (const double greatest_beta : {1.0, 2.0}) {
      const test::RandomInputs<GatedDeltaRule, float> inputs(
          {.B = 1, .T = 2048, .H = 1, .HV = 1, .K = 128, .V = 128, .N = 1, .least_g = least_g, .greatest_beta = greatest_beta});
      const test::RandomInputs<GatedDeltaRule, double> exact(inputs);
      const auto expected = sequential(exact.in());
      INFO("g >= " << least_g << ", beta <= " << greatest_beta);
      CHECK(test::relative_error(chunked(inputs.in()).o, expected.o) < 2e-6);
      CHECK(test::relative_error(chunked(inputs.in()).final_state, expected.final_state) < 2e-6);
      CHECK(test::relative_error(sequential(inputs.in()).o, expected.o) < 2e-6);
    }
}
