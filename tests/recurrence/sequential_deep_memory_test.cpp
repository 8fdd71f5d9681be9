#include "deltanet/recurrence/sequential_deep_memory.hpp"

#include "deltanet/memory/delta_rule.hpp"
#include "deltanet/recurrence/sequential.hpp"
#include "support/catch.hpp"
#include "support/compiled.hpp"
#include "support/deep_memory_inputs.hpp"
#include "support/finite_differences.hpp"
#include "support/tolerance.hpp"

namespace deltanet::test {

TEST_CASE("a deep memory of one layer and mini-batches of one token is Titans' linear memory") {
  const MemoryNetwork network{.key_dim = 5, .value_dim = 4, .depth = 1};
  const DeepMemoryOptions options{.mini_batch = 1, .scale = 0.6};
  DeepMemoryExample<TitansUpdate, double> x(network, options, 20);
  x.state.start = x.state.weights;
  x.state.position.setZero();
  const auto result = sequential_deep_memory(network, x.params, x.in(), x.state, options);

  Tensor<double, 4> state(2, 2, 10, 4);  // the memory's K rows, then the momentum's
  for (Index i = 0; i < 4; ++i) {
    std::copy_n(x.state.weights.data() + i * 20, 20, state.data() + i * 40);
    std::copy_n(x.state.momentum.data() + i * 20, 20, state.data() + i * 40 + 20);
  }
  const MomentumDeltaRule::Inputs<double> in{
      .q = x.owned.q, .k = x.owned.k, .v = x.owned.v, .beta = x.owned.theta, .g = x.owned.g, .eta = x.owned.eta};
  const auto expected = sequential(in, {.scale = 0.6, .initial_state = state});
  CHECK(relative_error(result.o, expected.o) < rounding<double>(20));
  for (Index i = 0; i < 4; ++i) {
    const VectorMap<const double> W(result.final_state.weights.data() + i * 20, 20);
    CHECK(relative_error(W, VectorMap<const double>(expected.final_state.data() + i * 40, 20)) < rounding<double>(20));
  }
}

TEST_CASE("the inner gradient is that of half the squared error") {
  for (const MemoryNetwork& network : memory_networks()) {
    if (network.residual == InnerResidual::output) continue;  // reads something else than it learns
    INFO(text_of(network));
    const DeepMemoryExample<TitansUpdate, double> x(network, {});
    detail::TokenNetwork<double> M(network, x.params, 0);
    Vector<double> weights = x.params.weights.row(0);
    const Vector<double> k = VectorMap<const double>(x.owned.k.data(), network.key_dim),
                         v = VectorMap<const double>(x.owned.v.data(), network.value_dim);
    const auto error =
        finite_difference_error_of(weights, M.gradient(weights, k, v), [&] { return (M(weights, k) - v).squaredNorm() / 2; });
    INFO(error.where);
    CHECK(error.worst < finite_difference_error);
  }
}

TEST_CASE("a memory that diverges says so") {
  const MemoryNetwork network{.key_dim = 5, .value_dim = 4, .depth = 1};
  DeepMemoryExample<TitansUpdate, float> x(network, {.mini_batch = 16}, 600);
  x.owned.theta.setConstant(1e6f);
  CHECK_THROWS_AS(sequential_deep_memory(network, x.params, x.in(), x.state, x.options), std::overflow_error);
}

}  // namespace deltanet::test
