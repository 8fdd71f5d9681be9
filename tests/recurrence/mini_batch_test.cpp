#include "deltanet/recurrence/mini_batch.hpp"

#include "support/catch.hpp"
#include "support/deep_memory_inputs.hpp"
#include "support/tolerance.hpp"

namespace deltanet::test {

TEST_CASE("a mini-batch of nothing learnt reads with the weights before it, and leaves them") {
  const MemoryNetwork network = memory_networks()[4];
  DeepMemoryExample<TitansUpdate, double> x(network, {.mini_batch = 16}, 6, 1, 1);
  x.owned.theta.setZero();
  x.owned.g.setZero();
  x.state.momentum.setZero();
  const auto in = x.in();
  const detail::DeepMemoryProblem<TitansUpdate::Inputs<double>> problem(network, x.params, in, x.state, x.options);
  const auto head = problem.head<TitansUpdate::Tokens<double, Rows<const double>, Rows<const double>>>(in, 0, 0);
  const auto tokens = detail::mini_batch_tokens(problem, head, 0, 6);
  const detail::MiniBatchWeights<const double> weights{x.state.start.data(), x.state.weights.data(), x.state.momentum.data(),
                                                       nullptr};
  detail::MiniBatch<double> batch(network, x.params, 0, 6);
  TitansUpdate::Window<double> window(6);
  window.assign(head, 0, 6, false, batch.coefficients);
  batch.learn(tokens, weights);
  Matrix<double> O(6, network.value_dim);
  batch.read(tokens, 1, weights, O);
  detail::NetworkPass<double> pass(network);
  pass.resize(6);
  pass.run(tokens.q, x.state.weights.data());
  CHECK(relative_error(O, pass.output()) < rounding<double>(7));
  Vector<double> after(network.size()), momentum(network.size());
  batch.carry(weights, after.data(), momentum.data());
  CHECK(identical(after, x.state.weights));
  CHECK(momentum.isZero(0));
}

}  // namespace deltanet::test
