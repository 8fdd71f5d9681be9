#pragma once

#include "deltanet/io/huggingface_config.hpp"

namespace deltanet {

template <Real T>
using HybridLanguageModel = LanguageModel<HybridMixer<T>>;

namespace detail {

/// The number of parameters of a decoder's projections, embedding and head, as a double, which does not overflow.
[[nodiscard]] inline double projected_parameters(const HybridLanguageModelConfig& config) {
  const auto product = [](Index a, Index b) { return static_cast<double>(a) * static_cast<double>(b); };
  const Index D = config.block.mlp.hidden_size;
  double count = product(config.vocab_size, D) * (config.tie_word_embeddings ? 1 : 2);
  for (const auto& block : config.blocks) {
    count += 3 * product(D, block.mlp.width());
    if (const auto* linear = std::get_if<GatedDeltaNetConfig>(&block.attn)) {
      count +=
          2 * product(D, linear->num_heads * linear->head_dim) + 3 * product(D, linear->value_heads() * linear->head_v_dim());
    } else {
      const auto& attention = std::get<AttentionConfig>(block.attn);
      count += product(D, attention.query_dim()) * (attention.use_gate ? 3 : 2) + 2 * product(D, attention.key_dim());
    }
  }
  return count;
}

}  // namespace detail

/// Reads a model from a folder of Hugging Face's layout: config.json and the tensors. Every tensor of the model must be there
/// with the shape that config.json gives it, and no other. A config.json of a far larger model than the files is refused before
/// any memory is taken for it.
///
/// Throws `std::runtime_error`: "folder/model.safetensors: model.norm.weight: expected F32 [64], found none of this name".
template <Real T>
[[nodiscard]] HybridLanguageModel<T> load_huggingface_model(const std::filesystem::path& folder) {
  if (!std::filesystem::is_directory(folder)) detail::file_error(folder, "expected a folder with config.json, found none");
  const ConfigFile file(folder / "config.json");
  const HuggingFaceDecoder decoder = huggingface_decoder(file);
  const TensorStore tensors(folder);
  double stored = 0;
  for (const auto& [name, entry] : tensors.tensors())
    stored += static_cast<double>(entry.end - entry.begin) / static_cast<double>(entry.dtype.size);
  if (const double expected = detail::projected_parameters(decoder.config); expected > 4 * stored + 1e6)
    detail::file_error(tensors.path(), "expected at least ", expected, " parameters, as ", file.path().filename().string(),
                       " says, found ", stored);
  HybridLanguageModel<T> model = [&] {
    try {
      return HybridLanguageModel<T>(decoder.config);
    } catch (const std::invalid_argument& error) {
      detail::file_error(file.path(), error.what());
    }
  }();
  load_renamed<T>(tensors, model.params, decoder.names, {.ignored = decoder.ignored, .conversion = Conversion::allowed});
  return model;
}

}  // namespace deltanet
