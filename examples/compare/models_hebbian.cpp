// Memories that add what they are told, and forget in different ways.

#include "compare/linear_attention.hpp"
#include "compare/model_kind.hpp"
#include "compare/models.hpp"
#include "deltanet/layers/gated_linear_attention.hpp"
#include "deltanet/layers/state_space_duality.hpp"
#include "support/expansion.hpp"

namespace compare {

std::vector<ModelKind> hebbian_models() {
  using namespace deltanet;
  return {model_kind<LinearAttention<float>>(
              "linear_attention", "linear attention", "adds",
              [](const ModelSizes& sizes) -> LinearAttentionConfig {
                return {.hidden_size = sizes.hidden_size, .num_heads = sizes.num_heads, .head_dim = sizes.head_dim};
              }),
          model_kind<StateSpaceDuality<float>>("mamba2", "Mamba-2", "adds, and decays by one number a head",
                                               [](const ModelSizes& sizes) -> StateSpaceDualityConfig {
                                                 return {.hidden_size = sizes.hidden_size,
                                                         .expand_v = 1,
                                                         .head_dim = sizes.head_dim,
                                                         .num_heads = sizes.num_heads,
                                                         .num_v_heads = sizes.num_heads};
                                               }),
          model_kind<GatedLinearAttention<float>>("gla", "GLA", "adds, and decays by one number a key channel",
                                                  [](const ModelSizes& sizes) -> GatedLinearAttentionConfig {
                                                    const double expand =
                                                        example::expansion(sizes.num_heads * sizes.head_dim, sizes.hidden_size);
                                                    return {.hidden_size = sizes.hidden_size,
                                                            .expand_k = expand,
                                                            .expand_v = expand,
                                                            .num_heads = sizes.num_heads,
                                                            .use_short_conv = true};
                                                  })};
}

}  // namespace compare
