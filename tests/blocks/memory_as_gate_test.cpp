#include "deltanet/blocks/memory_as_gate.hpp"

#include "deltanet/layers/neural_memory.hpp"
#include "laws/layer_laws.hpp"
#include "support/catch.hpp"

namespace deltanet::test {

namespace {

template <class T>
using DeepGate = MemoryAsGate<NeuralMemory<T>>;

static_assert(Layer<DeepGate<double>>);

const DeepGate<double>::Config deep_gate{
    .hidden_size = 6,
    .num_persistent_tokens = 2,
    .memory = {.hidden_size = 6, .head_dim = 3, .num_heads = 2, .memory_expansion = 2, .mini_batch = 3},
    .attn = {.hidden_size = 6, .num_heads = 2, .head_dim = 4, .window_size = 3}};

}  // namespace

TEST_CASE("memory as a gate keeps the laws of a layer", "[blocks]") { layer_laws_in_double<DeepGate>(deep_gate, 6); }

TEST_CASE("memory as a gate is its equations, with no persistent tokens or with some", "[blocks]") {
  for (const Index count : {0, 2}) {
    INFO(count << " persistent tokens");
    auto config = deep_gate;
    config.num_persistent_tokens = count;
    DeepGate<double> layer(config);
    Random random(2);
    layer.initialize(random);
    const auto& [p, attn, attn_norm, memory, memory_norm, o_proj] = layer.params;
    const auto x = random_tokens<double>(1, 8, 6);
    Tensor<double, 3> all(1, 8 + count, 6);  // (26)
    rows(all).topRows(count) = p.value_or(Matrix<double>(0, 6));
    rows(all).bottomRows(8) = rows(x);
    const auto y = attn_norm.forward(attn.attend(x, {.persistent = view_of(p)}));  // (27)
    const auto m = memory_norm.forward(tokens_of(memory.forward(all), count, count + 8));
    CHECK(relative_error(layer.forward(x), o_proj.forward(silu_product(y, m))) < rounding<double>(48));  // (28)
  }
}

TEST_CASE("memory as a gate names what is wrong with its Config", "[blocks]") {
  auto config = deep_gate;
  config.memory.hidden_size = 4;
  CHECK_THROWS_WITH(DeepGate<double>(config), "memory.hidden_size: expected hidden_size=6, got 4");
  config = deep_gate;
  config.num_persistent_tokens = -1;
  CHECK_THROWS_WITH(DeepGate<double>(config), "num_persistent_tokens: expected at least 0, got -1");
}

}  // namespace deltanet::test
