#pragma once

#include "deltanet/layers/delta_net.hpp"
#include "deltanet/layers/gated_delta_net.hpp"
#include "support/expansion.hpp"
#include "support/options.hpp"

namespace example {

/// Deviation of the initial matrices.
inline constexpr double initializer_range = 0.02;

inline void configure(const Recipe& recipe, deltanet::GatedDeltaNetConfig& config) {
  config = {.hidden_size = recipe.hidden_size,
            .expand_v = recipe.expand_v,
            .head_dim = recipe.head_dim,
            .num_heads = recipe.num_heads,
            .initializer_range = initializer_range};
}

inline void configure(const Recipe& recipe, deltanet::DeltaNetConfig& config) {
  const Index key_dim = recipe.num_heads * recipe.head_dim;
  const auto value_dim = static_cast<Index>(static_cast<double>(key_dim) * recipe.expand_v);
  config = {.hidden_size = recipe.hidden_size,
            .num_heads = recipe.num_heads,
            .expand_k = expansion(key_dim, recipe.hidden_size),
            .expand_v = expansion(value_dim, recipe.hidden_size),
            .use_gate = true,
            .initializer_range = initializer_range};
}

/// The model of a recipe. Throws UsageError for sizes that do not fit together.
template <class Mixer>
deltanet::LanguageModel<Mixer> make_model(const Recipe& recipe) {
  typename deltanet::LanguageModel<Mixer>::Config config{.num_hidden_layers = recipe.num_layers};
  configure(recipe, config.block.attn);
  config.block.mlp = {
      .hidden_size = recipe.hidden_size, .intermediate_size = recipe.intermediate_size, .initializer_range = initializer_range};
  try {
    return deltanet::LanguageModel<Mixer>(config);
  } catch (const std::invalid_argument& error) {
    throw UsageError(error.what());
  }
}

/// A text as tokens.
inline std::vector<std::int32_t> bytes_of(const std::string& text) {
  std::vector<std::int32_t> bytes;
  for (const char c : text) bytes.push_back(static_cast<unsigned char>(c));
  return bytes;
}

}  // namespace example
