#include "deltanet/blocks/gated_branches.hpp"

#include "support/catch.hpp"
#include "support/leaky_mixer.hpp"

using namespace deltanet;

namespace {

struct SmallConfig {
  Index hidden_size = 4, num_persistent_tokens = 2;
  test::LeakyMixerConfig memory{4};
  AttentionConfig attn{.hidden_size = 4, .num_heads = 1};
  double norm_eps = 1e-5;
  std::optional<double> initializer_range{};
};

}  // namespace

TEST_CASE("branches that gate each other name their parts, and draw all of them", "[blocks]") {
  auto params = gated_branches_params<test::LeakyMixer<double>>(SmallConfig{});
  Random random(1);
  initialize_gated_branches(params, random);
  std::vector<std::string> names;
  for_each_tensor(
      [&](const TensorInfo& info, const auto& tensor) {
        names.push_back(info.name);
        CHECK((tensor.flat().array() != 0).all());
      },
      params);
  CHECK(names == std::vector<std::string>{"persistent_tokens", "attn.q_proj.weight", "attn.k_proj.weight", "attn.v_proj.weight",
                                          "attn.o_proj.weight", "attn_norm.weight", "memory.weight", "memory_norm.weight",
                                          "o_proj.weight"});
}
