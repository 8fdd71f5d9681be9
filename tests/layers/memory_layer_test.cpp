#include "deltanet/layers/memory_layer.hpp"

#include "deltanet/layers/neural_memory.hpp"
#include "laws/layer_laws.hpp"
#include "support/catch.hpp"

namespace deltanet::test {

TEST_CASE("a memory layer that is told and asked apart answers as one that is told", "[layers]") {
  NeuralMemory<double> layer({.hidden_size = 6, .head_dim = 3, .num_heads = 2, .memory_expansion = 2, .mini_batch = 3});
  Random random(2);
  layer.initialize(random);
  const Tensor<double, 3> x = random_tokens<double>(2, 8, 6);
  auto told = layer.initial_state(2), updated = told;
  (void)layer.forward(x, &told);
  layer.update(x, updated);
  for_each_tensor(
      [](const TensorInfo& info, const auto& a, const auto& b) {
        INFO(info.name);
        CHECK(relative_error(a.flat(), b.flat()) < rounding<double>(8));
      },
      told, updated);

  // The last output of a forward is read with the weights after all: the same as asking then.
  const Tensor<double, 3> next = random_tokens<double>(2, 1, 6, 7);
  auto state = updated;
  layer.update(next, state);
  state.conv_state = updated.conv_state;
  CHECK(relative_error(layer.retrieve(next, state), layer.forward(next, &updated)) < rounding<double>(8));
}

TEST_CASE("a memory layer names what is wrong with its state", "[layers]") {
  const NeuralMemory<float> layer({.hidden_size = 6, .head_dim = 3, .num_heads = 2});
  auto state = layer.initial_state(2);
  state.memory.position = Vector<float>::Zero(1);
  CHECK_THROWS_WITH(layer.forward(random_tokens<float>(2, 3, 6), &state), "state.position: expected N=2 entries, got 1");
  state = layer.initial_state(3);
  CHECK_THROWS_WITH(layer.forward(random_tokens<float>(2, 3, 6), &state),
                    Catch::Matchers::ContainsSubstring("conv_state.q: expected [N=2, D=6, W=4], got [3, 6, 4]"));
}

}  // namespace deltanet::test
