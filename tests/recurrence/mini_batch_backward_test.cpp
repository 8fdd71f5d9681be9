#include "deltanet/recurrence/mini_batch_backward.hpp"

#include "deltanet/recurrence/deep_memory.hpp"
#include "support/catch.hpp"
#include "support/deep_memory_inputs.hpp"
#include "support/finite_differences.hpp"
#include "support/tolerance.hpp"

namespace deltanet::test {

TEST_CASE("with the gradient stopped at the start of mini-batches, gradients are differences with the starts held") {
  // Each mini-batch in a call of its own, so that its start can be held where it was.
  const MemoryNetwork network = memory_networks()[2];
  const DeepMemoryOptions options{.mini_batch = 3, .outer_gradient = OuterGradient::stop_at_start};
  DeepMemoryExample<TitansUpdate, double> x(network, options, 9, 1, 1);
  x.state.position.setZero();
  x.dfinal_state.start.setZero();
  DeepMemoryCache<double> cache;
  (void)deep_memory(network, x.params, x.in(), x.state, options, &cache);
  const auto d = deep_memory_backward(network, x.params, x.in(), cache, x.cotangents(), options);

  const auto part = [](const auto& tensor, Index t) {
    auto from = tensor.dimensions(), size = tensor.dimensions();
    for (auto& extent : from) extent = 0;
    from[1] = t;
    size[1] = 3;
    return std::decay_t<decltype(tensor)>(tensor.slice(from, size));
  };
  std::vector<Tensor<double, 3>> starts;
  const auto loss = [&] {
    DeepMemoryState<double> state = x.state;
    double sum = 0;
    for (Index t = 0; t < 9; t += 3) {
      if (starts.size() <= static_cast<std::size_t>(t / 3)) starts.push_back(state.start);
      state.start = starts[static_cast<std::size_t>(t / 3)];
      TitansUpdate::Gradients<double> tokens;
      for_each_input([&](const auto&, const auto& all, auto& some) { some = part(all, t); }, x.owned, tokens);
      TitansUpdate::Inputs<double> in;
      for_each_input([](const auto&, const auto& tensor, auto& view) { view = tensor; }, tokens, in);
      const auto result = deep_memory(network, x.params, in, state, options);
      sum += rows(result.o).cwiseProduct(rows(part(x.do_, t))).sum();
      state = result.final_state;
    }
    return sum + rows(std::as_const(state.weights)).cwiseProduct(rows(std::as_const(x.dfinal_state.weights))).sum() +
           rows(std::as_const(state.momentum)).cwiseProduct(rows(std::as_const(x.dfinal_state.momentum))).sum();
  };
  (void)loss();  // notes the starts
  const auto check = [&](std::string_view name, auto& input, const auto& gradient) {
    const GradientError error = finite_difference_error_of(input, gradient, loss);
    INFO(name << ": " << error.where);
    CHECK(error.worst < finite_difference_error);
  };
  for_each_input([&](const auto& field, auto& input, const auto& gradient) { check(field.name, input, gradient); }, x.owned,
                 d.inputs);
  check("weights", x.state.weights, d.initial_state.weights);
  check("momentum", x.state.momentum, d.initial_state.momentum);
  CHECK(rows(d.initial_state.start).isZero(0));
}

}  // namespace deltanet::test
