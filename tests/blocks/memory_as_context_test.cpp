#include "deltanet/blocks/memory_as_context.hpp"

#include "deltanet/layers/gated_delta_net.hpp"
#include "deltanet/layers/neural_memory.hpp"
#include "laws/layer_laws.hpp"
#include "support/catch.hpp"

namespace deltanet::test {

namespace {

template <class T>
using DeepContext = MemoryAsContext<NeuralMemory<T>>;
template <class T>
using LinearContext = MemoryAsContext<GatedDeltaNet<T, HeavyBallMomentum>>;

static_assert(Layer<DeepContext<double>> && Layer<LinearContext<double>>);

const DeepContext<double>::Config deep_context{
    .hidden_size = 6,
    .num_persistent_tokens = 2,
    .segment_size = 3,
    .memory = {.hidden_size = 6, .head_dim = 3, .num_heads = 2, .memory_expansion = 2, .mini_batch = 2},
    .attn = {.hidden_size = 6, .num_heads = 2, .head_dim = 4}};

}  // namespace

TEST_CASE("a deep memory as context keeps the laws of a layer", "[blocks]") {
  layer_laws_in_double<DeepContext>(deep_context, 6);
}

TEST_CASE("a linear memory as context, without persistent tokens, keeps the laws of a layer", "[blocks]") {
  layer_laws_in_double<LinearContext>({.hidden_size = 6,
                                       .num_persistent_tokens = 0,
                                       .segment_size = 4,
                                       .memory = {.hidden_size = 6, .expand_v = 1, .head_dim = 4, .num_heads = 2},
                                       .attn = {.hidden_size = 6, .num_heads = 2, .head_dim = 4}},
                                      6);
}

TEST_CASE("memory as context is its equations, token by token", "[blocks]") {
  DeepContext<double> layer(deep_context);
  Random random(2);
  layer.initialize(random);
  const auto& [p, attn, attn_norm, memory, memory_norm, o_proj] = layer.params;
  const auto x = random_tokens<double>(1, 8, 6);
  const auto y = layer.forward(x);
  auto state = memory.initial_state(1);
  auto before = memory.initial_retrieval_state(1);
  auto segment = attn.initial_state(1);
  for (Index t = 0; t < 8; ++t) {
    if (t % 3 == 0) {
      before.contents = state.memory.weights;
      segment = attn.initial_state(1);
    }
    const auto token = tokens_of(x, t, t + 1);
    const auto h = memory.retrieve(token, before);                                                             // (21)
    const auto seen = attn.attend(token, {.persistent = view_of(p), .retrieved = h}, &segment);                // (22)
    const auto a = attn_norm.forward(seen);                                                                    // (23)
    const auto m = memory_norm.forward(memory.forward(a, &state));                                             // (24)
    CHECK(relative_error(o_proj.forward(silu_product(a, m)), tokens_of(y, t, t + 1)) < rounding<double>(48));  // (25)
  }
}

TEST_CASE("a segment sees what the segments before left in memory", "[blocks]") {
  DeepContext<double> layer(deep_context);
  Random random(2);
  layer.initialize(random);
  auto x = random_tokens<double>(1, 9, 6);
  const auto y = layer.forward(x);
  rows(x).row(0) *= 2;
  CHECK(relative_error(tokens_of(layer.forward(x), 6, 9), tokens_of(y, 6, 9)) > 1e-6);
}

TEST_CASE("memory as context names what is wrong with its Config and its State", "[blocks]") {
  auto config = deep_context;
  config.segment_size = 0;
  CHECK_THROWS_WITH(DeepContext<double>(config), "segment_size: expected at least 1, got 0");
  config = deep_context;
  config.attn.window_size = 2;
  CHECK_THROWS_WITH(DeepContext<double>(config), "attn.window_size: expected none, attention being over a segment, got 2");
  config = deep_context;
  config.memory.hidden_size = 4;
  CHECK_THROWS_WITH(DeepContext<double>(config), "memory.hidden_size: expected hidden_size=6, got 4");
  config = deep_context;
  config.attn.hidden_size = 4;
  CHECK_THROWS_WITH(DeepContext<double>(config), "attn.hidden_size: expected hidden_size=6, got 4");
  const DeepContext<double> layer(deep_context);
  auto state = layer.initial_state(1);
  CHECK_THROWS_WITH(layer.forward(random_tokens<double>(2, 3, 6), &state), "state: expected that of N=2 sequences, got 1");
  state.segment.sequences[0].k.resize(6);
  CHECK_THROWS_WITH(layer.forward(random_tokens<double>(1, 3, 6), &state),
                    "state.segment: expected fewer tokens than segment_size=3, got 3");
}

}  // namespace deltanet::test
