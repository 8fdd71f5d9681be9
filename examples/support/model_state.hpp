#pragma once

#include <map>
#include <string>
#include <vector>

#include "deltanet/io/config_file.hpp"
#include "deltanet/memory/delta_rule.hpp"
#include "deltanet/recurrence/recurrent_state.hpp"

/// How much a sequence has to remember, from a model's config.json.
namespace example {

using deltanet::Index;

/// Known for Hugging Face's hybrids, whose layers are "linear_attention" (a gated delta rule) or "full_attention": Qwen3-Next,
/// Qwen3.5 and OLMo-Hybrid.
struct ModelState {
  std::string model_type = "none given";
  std::map<std::string, Index> layers;  // how many of each type
  bool known = false;                   // whether what follows is
  std::vector<Index> memories;          // of one layer: [HV, K, V]
  std::vector<Index> open_chunk;        // of one layer, tokens that wait to be written: [HV, numbers]
  std::vector<Index> taps;              // of one layer: [channels, kernel - 1]
  Index recurrent_layers = 0;
  std::uint64_t attention_bytes = 0;  // of all layers, a token

  explicit ModelState(const deltanet::ConfigFile& file) {
    const deltanet::ConfigFile config = file.contains("text_config") ? file.object("text_config") : file;
    model_type = file.get_or<std::string>("model_type", model_type);
    for (const std::string& type : config.get_or<std::vector<std::string>>("layer_types", {})) ++layers[type];
    known = config.contains("linear_num_value_heads") && layers.contains("linear_attention");
    if (!known) return;
    const auto size = [&](const std::string& key) {
      const auto value = config.get<Index>(key);
      if (value < 1 || value > 65536) config.fail(key, "a size in [1, 65536]", std::to_string(value));
      return value;
    };
    const Index K = size("linear_key_head_dim"), V = size("linear_value_head_dim"), H = size("linear_num_key_heads"),
                HV = size("linear_num_value_heads");
    recurrent_layers = layers.at("linear_attention");
    memories = {HV, K, V};
    open_chunk = {HV, deltanet::RecurrentState<float, deltanet::GatedDeltaRule>::open_numbers(K, V)};
    taps = {2 * H * K + HV * V, size("linear_conv_kernel_dim") - 1};
    if (!layers.contains("full_attention")) return;
    const Index heads = size("num_attention_heads");
    const Index width = config.contains("head_dim") ? size("head_dim") : size("hidden_size") / heads;
    const Index kv_heads = config.contains("num_key_value_heads") ? size("num_key_value_heads") : heads;
    attention_bytes = sizeof(float) * 2 * static_cast<std::uint64_t>(kv_heads * width * layers.at("full_attention"));
  }

  [[nodiscard]] std::uint64_t bytes_per_layer() const {
    return sizeof(float) * static_cast<std::uint64_t>(memories[0] * memories[1] * memories[2] + open_chunk[0] * open_chunk[1] +
                                                      taps[0] * taps[1]);
  }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_per_layer() * static_cast<std::uint64_t>(recurrent_layers); }
};

}  // namespace example
