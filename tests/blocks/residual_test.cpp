#include "deltanet/blocks/residual.hpp"

#include "deltanet/layers/gated_delta_net.hpp"
#include "laws/layer_laws.hpp"
#include "support/catch.hpp"
#include "support/leaky_mixer.hpp"

using namespace deltanet;

namespace {

template <class T>
using LeakyBlock = ResidualBlock<test::LeakyMixer<T>>;
template <class T>
using GatedDeltaBlock = ResidualBlock<GatedDeltaNet<T>>;

const LeakyBlock<double>::Config leaky{.attn = {.hidden_size = 6}, .mlp = {.hidden_size = 6, .intermediate_size = 10}};

}  // namespace

TEST_CASE("a residual block obeys the laws of a layer, whatever its mixer", "[residual]") {
  test::layer_laws<LeakyBlock>(leaky, 6);
  test::layer_laws<GatedDeltaBlock>({.attn = {.hidden_size = 6, .expand_v = 1, .head_dim = 4, .num_heads = 2},
                                     .mlp = {.hidden_size = 6, .intermediate_size = 10}},
                                    6);
}

TEST_CASE("a residual block with zero-centered norms after its parts obeys the laws of a layer", "[residual]") {
  auto config = leaky;
  config.norms = NormPlacement::after;
  config.zero_centered_norm = true;
  test::layer_laws_in_double<LeakyBlock>(config, 6);
}

TEST_CASE("a residual block is x + attn(norm(x)), then h + mlp(norm(h)), or x + norm(attn(x)), then h + norm(mlp(h))",
          "[residual]") {
  for (const NormPlacement norms : {NormPlacement::before, NormPlacement::after}) {
    auto config = leaky;
    config.norms = norms;
    const bool before = norms == NormPlacement::before;
    LeakyBlock<double> block(config);
    Random random(1);
    block.initialize(random);
    random.fill_uniform(block.params.attn_norm.params.weight, 0.5, 1.5);
    random.fill_uniform(block.params.mlp_norm.params.weight, 0.5, 1.5);
    const auto x = test::random_tokens<double>(2, 5, 6);
    const auto& parts = block.params;
    Tensor<double, 3> h =
        before ? parts.attn.forward(parts.attn_norm.forward(x)) : parts.attn_norm.forward(parts.attn.forward(x));
    rows(h) += rows(x);
    Tensor<double, 3> y = before ? parts.mlp.forward(parts.mlp_norm.forward(h)) : parts.mlp_norm.forward(parts.mlp.forward(h));
    rows(y) += rows(h);
    CHECK(test::identical(block.forward(x), y));
  }
}

TEST_CASE("a residual block names its parts as flash-linear-attention does", "[residual]") {
  const LeakyBlock<double> block(leaky);
  std::vector<std::string> names;
  for_each_tensor([&](const TensorInfo& info, const auto&) { names.push_back(info.name); }, block.params);
  CHECK(names == std::vector<std::string>{"attn_norm.weight", "attn.weight", "mlp_norm.weight", "mlp.gate_proj.weight",
                                          "mlp.up_proj.weight", "mlp.down_proj.weight"});
}

TEST_CASE("a mixer of another width than its block is refused", "[residual]") {
  CHECK_THROWS_WITH(LeakyBlock<double>({.attn = {.hidden_size = 4}, .mlp = {.hidden_size = 6}}),
                    "attn.hidden_size: expected mlp.hidden_size=6, got 4");
}
