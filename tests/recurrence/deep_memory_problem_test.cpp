#include "deltanet/recurrence/deep_memory_problem.hpp"

#include "support/catch.hpp"
#include "support/deep_memory_inputs.hpp"

namespace deltanet::test {

namespace {

using Example = DeepMemoryExample<TitansUpdate, float>;
using Problem = detail::DeepMemoryProblem<TitansUpdate::Inputs<float>>;

Example example() { return {memory_networks().front(), {.mini_batch = 4, .chunk_size = 3}}; }

void expect_problem(const Example& x, const char* message) {
  CHECK_THROWS_WITH(Problem(x.network, x.params, x.in(), x.state, x.options), message);
}

}  // namespace

TEST_CASE("a deep memory names what is wrong with what it is given") {
  Example x = example();
  x.owned.v.resize(2, 11, 2, 5);
  expect_problem(x, "v: expected [B=2, T=11, H=2, V=4], got [2, 11, 2, 5]");
  x = example();
  x.owned.theta(0, 3, 1) = std::numeric_limits<float>::quiet_NaN();
  expect_problem(x, "theta: expected finite numbers, got nan at flat index 7");
  x = example();
  x.state.momentum = zeros<float>(2, 2, 19);
  expect_problem(x, "state.momentum: expected [N=2, H=2, P=20], got [2, 2, 19]");
  x = example();
  x.state.position[1] = 4;
  expect_problem(x, "state.position: expected a whole number below mini_batch=4, got 4");
  x = example();
  x.options.mini_batch = 0;
  expect_problem(x, "mini_batch: expected at least 1, got 0");
  x = example();
  x.options.chunk_size = 0;
  expect_problem(x, "chunk_size: expected at least 1, got 0");
}

namespace {

std::string chunks_of(const Problem& problem, Index sequence, float position) {
  std::string text;
  problem.for_each_chunk(sequence, position, [&](Index t, Index n, bool begins, bool completes) {
    text += std::to_string(t) + "+" + std::to_string(n) + (begins ? "b" : "") + (completes ? "e " : " ");
  });
  return text;
}

}  // namespace

TEST_CASE("chunks end where mini-batches do, whose position goes on from the state's") {
  const Example x = example();
  const auto in = x.in();
  const Problem problem(x.network, x.params, in, x.state, x.options);
  CHECK(chunks_of(problem, 0, 2) == "0+2e 2+3b 5+1e 6+3b 9+1e 10+1b ");
}

TEST_CASE("packed sequences have chunks, rows and a state each") {
  Example x(memory_networks().front(), {.mini_batch = 4, .chunk_size = 3, .sequences = {{0, 6, 6, 11}}}, 11, 1);
  const auto in = x.in();
  CHECK_THROWS_WITH(Problem(x.network, x.params, in, x.state, x.options),
                    "state.start: expected [N=3, H=2, P=20], got [1, 2, 20]");
  x.state = initial_deep_memory_state(x.params, 3);
  const Problem problem(x.network, x.params, in, x.state, x.options);
  CHECK(chunks_of(problem, 0, 0) == "0+3b 3+1e 4+2b ");
  CHECK(chunks_of(problem, 1, 3) == "");
  CHECK(chunks_of(problem, 2, 3) == "0+1e 1+3b 4+1e ");
  CHECK(problem.head<Problem::HeadInputs>(in, 2, 1).k[0] == in.k.data + (6 * 2 + 1) * x.network.key_dim);
  CHECK(problem.begin_result(x.state).final_state.position == (Vector<float>(3) << 2, 0, 1).finished());
}

}  // namespace deltanet::test
