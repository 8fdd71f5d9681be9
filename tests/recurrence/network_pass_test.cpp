#include "deltanet/recurrence/network_pass.hpp"

#include "support/catch.hpp"
#include "support/deep_memory_inputs.hpp"
#include "support/finite_differences.hpp"
#include "support/tolerance.hpp"

namespace deltanet::test {

TEST_CASE("the gradients of a pass through a memory's network are differences") {
  for (const MemoryNetwork& network : memory_networks()) {
    constexpr Index n = 4;
    Random random(1);
    Matrix<double> x(n, network.key_dim), d(n, network.value_dim);
    Vector<double> weights(network.size()), dweights = Vector<double>::Zero(network.size());
    random.fill_normal(x);
    random.fill_normal(d);
    random.fill_normal(weights);
    detail::NetworkPass<double> pass(network);
    pass.resize(n);
    const auto loss = [&] {
      pass.run(x, weights.data());
      return pass.output().cwiseProduct(d).sum();
    };
    (void)loss();
    pass.differentiate();
    struct Gradients {
      Matrix<double> X, P;
    };
    std::vector<Gradients> by(static_cast<std::size_t>(network.depth));
    const auto by_layer = [&](Index l) -> Gradients& { return by[static_cast<std::size_t>(l)]; };
    for (Index l = 0; l < network.depth; ++l)
      by_layer(l) = {Matrix<double>::Zero(n, network.rows(l)), Matrix<double>::Zero(n, network.out(l))};
    by.back().P = d;
    pass.backward(weights.data(), by_layer, dweights.data());
    INFO(text_of(network));
    CHECK(finite_difference_error_of(weights, dweights, loss).worst < finite_difference_error);
    const Matrix<double> dx = by[0].X.leftCols(network.key_dim);
    CHECK(finite_difference_error_of(x, dx, loss).worst < finite_difference_error);
  }
}

}  // namespace deltanet::test
