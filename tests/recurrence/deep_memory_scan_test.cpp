#include "deltanet/recurrence/deep_memory_scan.hpp"

#include "support/catch.hpp"
#include "support/finite_differences.hpp"
#include "support/tolerance.hpp"

using namespace deltanet;

TEST_CASE("sequences begin with the initial weights, whose gradient is the sum over sequences") {
  const MemoryNetwork network{.key_dim = 3, .value_dim = 2, .depth = 2, .hidden_dim = 4};
  MemoryParams<double> params = memory_params<double>(network, 2), gradients = params;
  Random random(1);
  initialize_memory(params, network, random);
  DeepMemoryState<double> d = initial_deep_memory_state(params, 3);
  for (auto* weights : {&d.start, &d.weights, &d.momentum}) random.fill_normal(*weights);
  initial_deep_memory_state_backward(d, gradients);
  const auto error = test::finite_difference_error_of(params.weights, gradients.weights, [&] {
    const auto state = initial_deep_memory_state(params, 3);
    const auto dot = [](const auto& a, const auto& b) { return rows(a).cwiseProduct(rows(b)).sum(); };
    CHECK(rows(std::as_const(state.momentum)).isZero(0));
    CHECK(state.position.isZero(0));
    return dot(std::as_const(state.start), std::as_const(d.start)) +
           dot(std::as_const(state.weights), std::as_const(d.weights));
  });
  INFO(error.where);
  CHECK(error.worst < test::finite_difference_error);
}
