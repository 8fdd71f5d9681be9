#include "deltanet/blocks/memory_as_layer.hpp"

#include "deltanet/layers/gated_delta_net.hpp"
#include "laws/layer_laws.hpp"
#include "support/catch.hpp"

namespace deltanet::test {

namespace {

template <class T>
using LinearThenAttention = MemoryAsLayer<GatedDeltaNet<T, HeavyBallMomentum>>;

static_assert(Layer<LinearThenAttention<double>>);

const LinearThenAttention<double>::Config linear_then_attention{
    .hidden_size = 6,
    .num_persistent_tokens = 2,
    .memory = {.hidden_size = 6, .expand_v = 1, .head_dim = 4, .num_heads = 2},
    .attn = {.hidden_size = 6, .num_heads = 2, .head_dim = 4, .window_size = 3}};

}  // namespace

TEST_CASE("memory as a layer keeps the laws of a layer", "[blocks]") {
  layer_laws_in_double<LinearThenAttention>(linear_then_attention, 6);
}

TEST_CASE("memory as a layer is its equations, with no persistent tokens or with some", "[blocks]") {
  for (const Index count : {0, 2}) {
    INFO(count << " persistent tokens");
    auto config = linear_then_attention;
    config.num_persistent_tokens = count;
    LinearThenAttention<double> layer(config);
    Random random(2);
    layer.initialize(random);
    const auto& [p, memory, memory_norm, attn] = layer.params;
    const auto x = random_tokens<double>(1, 8, 6);
    Tensor<double, 3> all(1, 8 + count, 6);  // (29)
    rows(all).topRows(count) = p.value_or(Matrix<double>(0, 6));
    rows(all).bottomRows(8) = rows(x);
    const auto o = attn.forward(memory_norm.forward(memory.forward(all)));  // (30), (31)
    CHECK(relative_error(layer.forward(x), tokens_of(o, count, count + 8)) < rounding<double>(48));
  }
}

TEST_CASE("memory as a layer names what is wrong with its Config", "[blocks]") {
  auto config = linear_then_attention;
  config.attn.hidden_size = 4;
  CHECK_THROWS_WITH(LinearThenAttention<double>(config), "attn.hidden_size: expected hidden_size=6, got 4");
}

}  // namespace deltanet::test
