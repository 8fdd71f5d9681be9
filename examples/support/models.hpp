#pragma once

#include "support/options.hpp"

namespace example {

/// Deviation of the initial matrices.
inline constexpr double initializer_range = 0.02;

/// The model of a recipe: configure(recipe, config) of the mixer's Config says what becomes of it. Throws UsageError for sizes
/// that do not fit together.
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
