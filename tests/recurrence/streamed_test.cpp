#include "deltanet/recurrence/streamed.hpp"

#include "deltanet/recurrence/sequential.hpp"
#include "support/catch.hpp"
#include "support/random_inputs.hpp"
#include "support/tolerance.hpp"

// That pieces of any lengths have the bits of one scan is a law of every member: laws/member_laws.hpp.

using namespace deltanet;
using GatedState = RecurrentState<float, GatedDeltaRule>;

TEMPLATE_TEST_CASE("a token of a stream is a scan of one token", "", float, double) {
  for (const Index V : {5, 16, 20, 64}) {
    const test::RandomInputs<GatedDeltaRule, TestType> inputs({.T = 1, .V = V});
    const auto expected =
        sequential(inputs.in(), {.scale = TestType(2), .use_qk_l2norm = true, .initial_state = inputs.initial_state});
    auto state = RecurrentState<TestType, GatedDeltaRule>::zero(2, 4, 12, V);
    state.recurrent_state = inputs.initial_state;
    const auto o = streamed(inputs.in(), state, {.scale = TestType(2), .use_qk_l2norm = true});
    CHECK(test::relative_error(o, expected.o) < test::rounding<TestType>(12));
    CHECK(test::relative_error(state.settled(), expected.final_state) < test::rounding<TestType>(12));
    CHECK(test::identical(state.recurrent_state, inputs.initial_state));  // the token waits
    CHECK((state.waiting(0) == 1 && state.waiting(1) == 1));
  }
}

TEST_CASE("packed sequences of a stream go on where each of them is") {
  const test::RandomInputs<GatedDeltaRule, float> inputs({.B = 1, .T = 60, .N = 3});
  const auto slice = [&](Index begin, Index end) {
    auto in = inputs.in();
    for_each_input(
        [&](const auto&, auto& view) {
          view.data += begin * view.size() / 60;
          view.shape[1] = end - begin;
        },
        in);
    return in;
  };
  GatedState state = GatedState::zero(3, 4, 12, 20);
  const auto first = streamed(slice(0, 25), state, {.cu_seqlens = {0, 20, 20, 25}});
  CHECK((state.waiting(0) == 4 && state.waiting(1) == 0 && state.waiting(2) == 5));
  const auto second = streamed(slice(25, 60), state, {.cu_seqlens = {0, 2, 33, 35}});
  CHECK((state.waiting(0) == 6 && state.waiting(1) == 15 && state.waiting(2) == 7));
  GatedState alone = GatedState::zero(1, 4, 12, 20);
  const auto row = [](const Tensor<float, 4>& o, Index begin, Index end) -> Tensor<float, 4> {
    return o.slice(Eigen::array<Index, 4>{0, begin, 0, 0}, Eigen::array<Index, 4>{1, end - begin, 4, 20});
  };
  CHECK(test::identical(streamed(slice(20, 25), alone), row(first, 20, 25)));
  CHECK(test::identical(streamed(slice(58, 60), alone), row(second, 33, 35)));
  CHECK(test::identical(alone.settled(), Tensor<float, 4>(state.settled().slice(Eigen::array<Index, 4>{2, 0, 0, 0},
                                                                                Eigen::array<Index, 4>{1, 4, 12, 20}))));
}

TEST_CASE("any number of threads gives the same stream") {
  const test::RandomInputs<GatedDeltaRule, float> inputs({.T = 75, .V = 100});
  const int before = num_threads();
  set_num_threads(1);
  GatedState state = GatedState::zero(2, 4, 12, 100);
  const auto o = streamed(inputs.in(), state);
  const test::RandomInputs<GatedDeltaRule, float> next({.T = 1, .V = 100});  // read back over the states: 11 tokens wait
  const auto next_o = streamed(next.in(), state);
  for (const int threads : {2, 3, 8}) {
    set_num_threads(threads);
    GatedState other = GatedState::zero(2, 4, 12, 100);
    CHECK(test::identical(streamed(inputs.in(), other), o));
    CHECK(test::identical(streamed(next.in(), other), next_o));
    CHECK(test::identical(other.settled(), state.settled()));
  }
  set_num_threads(before);
}

TEST_CASE("no tokens leave a stream as it is") {
  const test::RandomInputs<GatedDeltaRule, float> inputs({.T = 3}), none({.T = 0});
  GatedState state = GatedState::zero(2, 4, 12, 20);
  (void)streamed(inputs.in(), state);
  const auto settled = state.settled();
  CHECK(streamed(none.in(), state).size() == 0);
  CHECK(test::identical(state.settled(), settled));
}

TEST_CASE("a stream refuses what does not fit or is not finite, and is left as it was") {
  const test::RandomInputs<GatedDeltaRule, float> one({.T = 1}), many({.T = 40});
  GatedState state = GatedState::zero(2, 4, 12, 20);
  (void)streamed(many.in(), state);
  const auto settled = state.settled();
  GatedState small = GatedState::zero(1, 4, 12, 20);
  CHECK_THROWS_WITH(streamed(one.in(), small), "recurrent_state: expected [N=2, HV=4, K=12, V=20], got [1, 4, 12, 20]");
  CHECK_THROWS_WITH(streamed(one.in(), state, {.chunk_size = 8}), "streamed: expected no initial_state and no chunk_size");
  for (auto broken : {one, many}) {
    broken.owned.k(1, broken.owned.k.dimension(1) - 1, 0, 0) = std::numeric_limits<float>::infinity();
    CHECK_THROWS_WITH(streamed(broken.in(), state),
                      Catch::Matchers::ContainsSubstring("k: expected finite numbers, got inf at"));
    CHECK(test::identical(state.settled(), settled));
    CHECK(state.waiting(1) == 8);
  }
}
