// Models that keep the tokens themselves.

#include "compare/model_kind.hpp"
#include "compare/models.hpp"
#include "deltanet/layers/attention.hpp"

namespace compare {

namespace {

deltanet::AttentionConfig attention(const ModelSizes& sizes) {
  return {.hidden_size = sizes.hidden_size, .num_heads = sizes.num_heads};
}

}  // namespace

std::vector<ModelKind> attention_models() {
  using deltanet::Attention;
  return {model_kind<Attention<float>>("sliding_window", "sliding-window attention", "keeps the last tokens",
                                       [](const ModelSizes& sizes) {
                                         deltanet::AttentionConfig config = attention(sizes);
                                         config.window_size = sizes.window;
                                         return config;
                                       }),
          model_kind<Attention<float>>("attention", "full attention", "keeps all tokens", attention)};
}

}  // namespace compare
