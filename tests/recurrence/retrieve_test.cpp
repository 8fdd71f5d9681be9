#include "deltanet/recurrence/retrieve.hpp"

#include "deltanet/recurrence/deep_memory.hpp"
#include "support/catch.hpp"
#include "support/deep_memory_inputs.hpp"
#include "support/finite_differences.hpp"
#include "support/tolerance.hpp"

namespace deltanet::test {

TEST_CASE("what is retrieved after an update is what the last token of a scan reads") {
  for (const MemoryNetwork& network : memory_networks()) {
    const DeepMemoryOptions options{.mini_batch = 4, .scale = 0.7};
    const DeepMemoryExample<TTTUpdate, double> x(network, options, 10);
    const auto scanned = deep_memory(network, x.params, x.in(), x.state, options);
    auto in = x.in();
    in.q = {};
    const auto updated = deep_memory(network, x.params, in, x.state, options);
    CHECK(updated.o.size() == 0);
    CHECK(identical(updated.final_state.weights, scanned.final_state.weights));
    const Tensor<double, 4> o = retrieve(network, x.params, x.owned.q, updated.final_state.weights, 0.7);
    for (Index i = 0; i < network.value_dim; ++i) CHECK(o(1, 9, 1, i) == Catch::Approx(scanned.o(1, 9, 1, i)).epsilon(1e-12));
  }
}

TEST_CASE("the gradients of retrieving are differences") {
  for (const MemoryNetwork& network : memory_networks()) {
    DeepMemoryExample<TitansUpdate, double> x(network, {}, 3);
    auto d = retrieve_backward(network, x.params, x.owned.q, x.state.weights, x.do_, 0.7);
    const auto loss = [&] {
      const Tensor<double, 4> o = retrieve(network, x.params, x.owned.q, x.state.weights, 0.7);
      return rows(o).cwiseProduct(rows(std::as_const(x.do_))).sum();
    };
    INFO(text_of(network));
    CHECK(finite_difference_error_of(x.owned.q, d.q, loss).worst < finite_difference_error);
    CHECK(finite_difference_error_of(x.state.weights, d.weights, loss).worst < finite_difference_error);
    if (!network.norm) continue;
    CHECK(finite_difference_error_of(*x.params.norm_weight, *d.params.norm_weight, loss).worst < finite_difference_error);
    CHECK(finite_difference_error_of(*x.params.norm_bias, *d.params.norm_bias, loss).worst < finite_difference_error);
  }
}

}  // namespace deltanet::test
