#include "deltanet/recurrence/recurrent_state.hpp"

#include "deltanet/memory/delta_rule.hpp"
#include "support/catch.hpp"

using namespace deltanet;
using MomentumState = RecurrentState<float, MomentumDeltaRule>;

TEST_CASE("a state of nothing is zero, and has the sizes of its member") {
  const MomentumState state = MomentumState::zero(2, 3, 5, 7);
  CHECK_NOTHROW(state.expect_sizes(2, 3, 5, 7));
  CHECK(state.settled().dimensions() == Eigen::array<Index, 4>{2, 3, 10, 7});
  for (Index i = 0; i < state.recurrent_state.size(); ++i) CHECK(state.recurrent_state.data()[i] == 0);
  CHECK(state.waiting(1) == 0);
}

TEST_CASE("a state that does not fit is refused by name") {
  using Catch::Matchers::ContainsSubstring;
  CHECK_THROWS_WITH(MomentumState::zero(2, 3, 5, 7).expect_sizes(1, 3, 5, 7),
                    "recurrent_state: expected [N=1, HV=3, 2K=10, V=7], got [2, 3, 10, 7]");
  MomentumState state = MomentumState::zero(2, 3, 5, 7);
  state.open_chunk.resize(2, 3, 4);
  CHECK_THROWS_WITH(state.expect_sizes(2, 3, 5, 7), ContainsSubstring("open_chunk: expected [N=2, HV=3, numbers="));
  for (const float broken : {-1.F, 0.5F, 16.F, std::numeric_limits<float>::quiet_NaN()}) {
    state = MomentumState::zero(2, 3, 5, 7);
    state.open_tokens[1] = broken;
    CHECK_THROWS_WITH(state.expect_sizes(2, 3, 5, 7),
                      ContainsSubstring("open_tokens: expected whole numbers from 0 to 15, got"));
  }
}

TEST_CASE("a state takes the same numbers whatever the vectors are, so that it can be saved and read elsewhere") {
  // writes, rows, gates and what is left of a line
  CHECK(MomentumState::zero(1, 1, 5, 7).open_chunk.size() == 16 * 7 + 16 * 32 + (2 * 16 + 3) + 13);
  CHECK(RecurrentState<double, GatedDeltaRule>::zero(1, 1, 40, 7).open_chunk.size() == 16 * 7 + 16 * 64 + (16 + 1) + 31);
  CHECK(RecurrentState<float, KimiDeltaRule>::zero(1, 1, 32, 7).open_chunk.size() == 16 * 7 + 17 * 32 + 16);
}
