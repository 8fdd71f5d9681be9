#include "deltanet/blocks/residual.hpp"

#include "deltanet/training/gradient_check.hpp"
#include "support/catch.hpp"
#include "support/leaky_mixer.hpp"

using namespace deltanet;

namespace {

using Block = ResidualBlock<test::LeakyMixer<double>>;
static_assert(Layer<Block>);

Block random_block() {
  Block block({.attn = {.hidden_size = 6}, .mlp = {.hidden_size = 6, .intermediate_size = 10}});
  Random random(1);
  block.initialize(random);
  random.fill_uniform(block.params.attn_norm.params.weight, 0.5, 1.5);
  random.fill_uniform(block.params.mlp_norm.params.weight, 0.5, 1.5);
  return block;
}

Tensor<double, 3> random_tokens() {
  Tensor<double, 3> x(2, 5, 6);
  Random random(2);
  random.fill_normal(x);
  return x;
}

}  // namespace

TEST_CASE("a residual block is x + attn(norm(x)), then h + mlp(norm(h))", "[residual]") {
  const Block block = random_block();
  const auto x = random_tokens();
  const auto& parts = block.params;
  Tensor<double, 3> h = parts.attn.forward(parts.attn_norm.forward(x));
  rows(h) += rows(x);
  Tensor<double, 3> y = parts.mlp.forward(parts.mlp_norm.forward(h));
  rows(y) += rows(h);
  CHECK(rows(block.forward(x)).isApprox(rows(y), 1e-14));
}

TEST_CASE("the gradients of a residual block are its finite differences", "[residual]") {
  const GradientReport report = check_layer_gradients(random_block(), random_tokens());
  INFO(report.text());
  CHECK(report.passes());
}

TEST_CASE("a residual block, step by step and in one go, gives the same", "[residual]") {
  const Block block = random_block();
  const auto x = random_tokens();
  auto state = block.initial_state(2), stepped = block.initial_state(2);
  const Tensor<double, 3> y = block.forward(x, &state);
  for (Index t = 0; t < 5; ++t) {
    const Tensor<double, 2> token = x.chip(t, 1);
    const Tensor<double, 2> expected = y.chip(t, 1);
    CHECK(rows(block.step(token, stepped)).isApprox(rows(expected), 1e-13));
  }
  CHECK(stepped.s.isApprox(state.s, 1e-13));
}

TEST_CASE("a residual block names its parts as flash-linear-attention does", "[residual]") {
  const Block block = random_block();
  std::vector<std::string> names;
  for_each_tensor([&](const TensorInfo& info, const auto&) { names.push_back(info.name); }, block.params);
  CHECK(names == std::vector<std::string>{"attn_norm.weight", "attn.weight", "mlp_norm.weight", "mlp.gate_proj.weight",
                                          "mlp.up_proj.weight", "mlp.down_proj.weight"});
}

TEST_CASE("a mixer of another width than its block is refused", "[residual]") {
  CHECK_THROWS_WITH(Block({.attn = {.hidden_size = 4}, .mlp = {.hidden_size = 6}}),
                    "attn.hidden_size: expected mlp.hidden_size=6, got 4");
}
