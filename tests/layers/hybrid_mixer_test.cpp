#include "deltanet/layers/hybrid_mixer.hpp"

#include "laws/layer_laws.hpp"
#include "support/catch.hpp"

namespace deltanet::test {

namespace {

const HybridMixerConfig linear_mixer = GatedDeltaNetConfig{.hidden_size = 6, .head_dim = 3, .num_heads = 2};
const HybridMixerConfig softmax_mixer = AttentionConfig{.hidden_size = 6, .num_heads = 2, .head_dim = 4};

std::vector<std::string> names_of(const HybridMixerConfig& config) {
  const HybridMixer<double> layer(config);
  std::vector<std::string> names;
  for_each_tensor([&](const TensorInfo& info, const auto&) { names.push_back(info.name); }, layer.params);
  return names;
}

}  // namespace

TEST_CASE("a hybrid mixer of either kind keeps the laws of a layer", "[layers]") {
  for (const HybridMixerConfig& config : {linear_mixer, softmax_mixer}) delta_layer_laws_in_double<HybridMixer>(config, 6);
}

TEST_CASE("a hybrid mixer names its tensors by its kind", "[layers]") {
  CHECK(names_of(linear_mixer).front() == "linear_attn.q_proj.weight");
  CHECK(names_of(softmax_mixer) == std::vector<std::string>{"self_attn.q_proj.weight", "self_attn.k_proj.weight",
                                                            "self_attn.v_proj.weight", "self_attn.o_proj.weight"});
}

TEST_CASE("a hybrid mixer refuses a state of the other kind", "[layers]") {
  auto state = HybridMixer<double>(softmax_mixer).initial_state(2);
  CHECK_THROWS_WITH(HybridMixer<double>(linear_mixer).forward(random_tokens<double>(2, 3, 6), &state),
                    "state: expected that of linear attention, got another");
}

}  // namespace deltanet::test
