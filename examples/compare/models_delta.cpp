// Memories that correct what they predict wrongly: the delta rule, and how they forget.

#include "compare/model_kind.hpp"
#include "compare/models.hpp"
#include "deltanet/layers/delta_net.hpp"
#include "deltanet/layers/gated_delta_net.hpp"
#include "deltanet/layers/gated_delta_product.hpp"
#include "deltanet/layers/kimi_delta_attention.hpp"
#include "support/expansion.hpp"

namespace compare {

namespace {

using namespace deltanet;

ModelKind delta_net(const std::string& name, const std::string& title, const std::string& rule, bool allow_neg_eigval) {
  return model_kind<DeltaNet<float>>(name, title, rule, [=](const ModelSizes& sizes) -> DeltaNetConfig {
    const double expand = example::expansion(sizes.num_heads * sizes.head_dim, sizes.hidden_size);
    return {.hidden_size = sizes.hidden_size,
            .num_heads = sizes.num_heads,
            .expand_k = expand,
            .expand_v = expand,
            .use_gate = true,
            .allow_neg_eigval = allow_neg_eigval};
  });
}

ModelKind gated_delta_net(const std::string& name, const std::string& title, const std::string& rule, bool allow_neg_eigval) {
  return model_kind<GatedDeltaNet<float>>(name, title, rule, [=](const ModelSizes& sizes) -> GatedDeltaNetConfig {
    return {.hidden_size = sizes.hidden_size,
            .expand_v = 1,
            .head_dim = sizes.head_dim,
            .num_heads = sizes.num_heads,
            .allow_neg_eigval = allow_neg_eigval};
  });
}

}  // namespace

std::vector<ModelKind> delta_models() {
  return {
      delta_net("delta_net", "DeltaNet", "corrects", false),
      delta_net("delta_net_neg", "DeltaNet [-1, 1]", "corrects, and may reflect: beta up to 2", true),
      gated_delta_net("gated_delta_net", "Gated DeltaNet", "corrects, and decays by one number a head", false),
      gated_delta_net("gated_delta_net_neg", "Gated DeltaNet [-1, 1]", "the same with beta up to 2", true),
      model_kind<KimiDeltaAttention<float>>(
          "kda", "KDA", "corrects, and decays by one number a key channel",
          [](const ModelSizes& sizes) -> KimiDeltaAttentionConfig {
            return {.hidden_size = sizes.hidden_size, .head_dim = sizes.head_dim, .num_heads = sizes.num_heads};
          }),
      model_kind<BasicDeltaProduct<float, GatedDeltaRule>>(
          "gated_delta_product", "Gated DeltaProduct", "corrects twice a token with beta up to 2, and decays",
          [](const ModelSizes& sizes) -> GatedDeltaProductConfig {
            return {.hidden_size = sizes.hidden_size, .expand_v = 1, .head_dim = sizes.head_dim, .num_heads = sizes.num_heads};
          }),
      model_kind<GatedDeltaNet<float, HeavyBallMomentum>>(
          "momentum", "linear memory with momentum", "corrects, and goes on correcting: Titans' memory, linear",
          [](const ModelSizes& sizes) -> GatedDeltaNetConfig {
            return {.hidden_size = sizes.hidden_size, .expand_v = 1, .head_dim = sizes.head_dim, .num_heads = sizes.num_heads};
          })};
}

}  // namespace compare
