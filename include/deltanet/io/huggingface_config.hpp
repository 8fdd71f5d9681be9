#pragma once

#include "deltanet/io/config_file.hpp"
#include "deltanet/io/huggingface_names.hpp"
#include "deltanet/layers/hybrid_mixer.hpp"
#include "deltanet/models/language_model.hpp"

/// The config.json of Hugging Face's hybrid decoders as a Config of LanguageModel<HybridMixer>, with the names of the tensors.
namespace deltanet {

using HybridLanguageModelConfig = LanguageModelConfig<HybridMixerConfig>;

/// A decoder as a config.json tells of it.
struct HuggingFaceDecoder {
  HybridLanguageModelConfig config;
  NameMap names;
  std::vector<std::int32_t> end_tokens;  // any of them ends a text
  std::vector<std::string> ignored;      // beginnings of the names of tensors that belong to other parts of a larger model
};

namespace detail {

/// A size: at least 1, and so small that the product of two fits.
[[nodiscard]] inline Index config_size(const ConfigFile& file, const std::string& key) {
  constexpr Index most = Index(1) << 30;
  const auto size = file.get<std::int64_t>(key);
  if (size < 1 || size > most) file.fail(key, concat("a size in [1, ", most, "]"), std::to_string(size));
  return size;
}

inline void expect_text(const ConfigFile& file, const std::string& key, const std::string& only) {
  const auto text = file.get_or<std::string>(key, only);
  if (text != only) file.fail(key, '"' + only + '"', '"' + text + '"');
}

/// The linear attention of Qwen3.5 and OLMo-Hybrid.
[[nodiscard]] inline GatedDeltaNetConfig linear_attention_config(const ConfigFile& file, double norm_eps) {
  const Index K = config_size(file, "linear_key_head_dim"), V = config_size(file, "linear_value_head_dim");
  const GatedDeltaNetConfig config{.hidden_size = config_size(file, "hidden_size"),
                                   .expand_v = static_cast<double>(V) / static_cast<double>(K),
                                   .head_dim = K,
                                   .num_heads = config_size(file, "linear_num_key_heads"),
                                   .num_v_heads = config_size(file, "linear_num_value_heads"),
                                   .allow_neg_eigval = file.get_or<bool>("linear_allow_neg_eigval", false),
                                   .conv_size = config_size(file, "linear_conv_kernel_dim"),
                                   .norm_eps = norm_eps};
  if (config.head_v_dim() != V) file.fail("linear_value_head_dim", concat("a multiple of ", K), std::to_string(V));
  return config;
}

/// What both have of softmax attention; positions where there are rope_parameters with a theta.
[[nodiscard]] inline AttentionConfig full_attention_config(const ConfigFile& file) {
  AttentionConfig config{.hidden_size = config_size(file, "hidden_size"),
                         .num_heads = config_size(file, "num_attention_heads"),
                         .attention_bias = file.get_or<bool>("attention_bias", false),
                         .norm_eps = file.get<double>("rms_norm_eps"),
                         .rope_theta = {}};
  config.num_kv_heads = file.contains("num_key_value_heads") ? config_size(file, "num_key_value_heads") : config.num_heads;
  if (file.contains("head_dim")) config.head_dim = config_size(file, "head_dim");
  if (!file.contains("rope_parameters")) return config;
  const ConfigFile rope = file.object("rope_parameters");
  expect_text(rope, "rope_type", "default");
  config.rope_theta = rope.find<double>("rope_theta");
  const auto share = rope.get_or<double>("partial_rotary_factor", 1);
  if (!(share > 0 && share <= 1)) rope.fail("partial_rotary_factor", "a number in (0, 1]", std::to_string(share));
  config.rotary_dim = static_cast<Index>(static_cast<double>(config.head_width()) * share);
  return config;
}

/// Which layers are softmax attention: layer_types, or every full_attention_interval-th, the fourth.
[[nodiscard]] inline std::vector<bool> full_attention_layers(const ConfigFile& file) {
  const auto count = static_cast<std::size_t>(config_size(file, "num_hidden_layers"));
  std::vector<bool> full;
  if (file.contains("layer_types")) {
    for (const auto& type : file.get<std::vector<std::string>>("layer_types")) {
      if (type != "linear_attention" && type != "full_attention")
        file.fail("layer_types", "linear_attention or full_attention", '"' + type + '"');
      full.push_back(type == "full_attention");
    }
    if (full.size() != count)
      file.fail("layer_types", concat("num_hidden_layers=", count, " entries"), std::to_string(full.size()));
    return full;
  }
  constexpr std::size_t most = 1 << 16;
  if (count > most) file.fail("num_hidden_layers", concat("at most ", most), std::to_string(count));
  const auto interval =
      static_cast<std::size_t>(file.contains("full_attention_interval") ? config_size(file, "full_attention_interval") : 4);
  for (std::size_t i = 1; i <= count; ++i) full.push_back(i % interval == 0);
  return full;
}

/// What an architecture does with a block beside its mixer: names of its norms, in order, and whether they come after.
struct BlockNorms {
  NormPlacement placement = NormPlacement::before;
  std::vector<std::string> attn_norm{"input_layernorm"}, mlp_norm{"post_attention_layernorm"};  // in any of these spellings
};

/// The decoder of these parts; `prefix` is that of all tensors but the head.
[[nodiscard]] inline HuggingFaceDecoder hybrid_decoder(const ConfigFile& file, const std::string& prefix,
                                                       const GatedDeltaNetConfig& linear, const NameMap& linear_names,
                                                       const AttentionConfig& attention, bool zero_centered_norm,
                                                       const BlockNorms& linear_norms, const BlockNorms& attention_norms) {
  expect_text(file, "hidden_act", "silu");
  HuggingFaceDecoder decoder;
  HybridLanguageModelConfig& config = decoder.config;
  NameMap& names = decoder.names;
  const std::vector<bool> full = full_attention_layers(file);
  config.vocab_size = config_size(file, "vocab_size");
  decoder.end_tokens = file.one_or_more<std::int32_t>("eos_token_id");
  config.num_hidden_layers = static_cast<Index>(full.size());
  config.tie_word_embeddings = file.get_or<bool>("tie_word_embeddings", false);
  config.block = {.attn = linear,
                  .mlp = {.hidden_size = linear.hidden_size, .intermediate_size = config_size(file, "intermediate_size")},
                  .norm_eps = attention.norm_eps,
                  .zero_centered_norm = zero_centered_norm};
  names = {{{prefix + "embed_tokens.weight"}, {"model.embeddings.weight"}}, {{prefix + "norm.weight"}, {"model.norm.weight"}}};
  for (std::size_t i = 0; i < full.size(); ++i) {
    const BlockNorms& norms = full[i] ? attention_norms : linear_norms;
    auto& block = config.blocks.emplace_back(config.block);
    if (full[i]) block.attn = attention;
    block.norms = norms.placement;
    const std::string layer = "layers." + std::to_string(i), theirs = prefix + layer, ours = "model." + layer;
    NameMap table = with_kept({}, {"mlp.gate_proj.weight", "mlp.up_proj.weight", "mlp.down_proj.weight"});
    for (const std::string& name : norms.attn_norm) table.push_back({{name + ".weight"}, {"attn_norm.weight"}});
    for (const std::string& name : norms.mlp_norm) table.push_back({{name + ".weight"}, {"mlp_norm.weight"}});
    append(names, theirs, ours, table);
    if (full[i])
      append(names, theirs + ".self_attn", ours + ".attn.self_attn", attention_names(attention.num_heads, attention.use_gate));
    else
      append(names, theirs + ".linear_attn", ours + ".attn.linear_attn", linear_names);
  }
  return decoder;
}

/// Qwen3.5's decoder: zero-centered norms, a gate of softmax attention, a quarter of each head turned.
[[nodiscard]] inline HuggingFaceDecoder qwen3_5_decoder(const ConfigFile& file, const std::string& prefix) {
  AttentionConfig attention = full_attention_config(file);
  attention.use_gate = file.get_or<bool>("attn_output_gate", true);
  attention.qk_norm = AttentionNorm::head;
  attention.zero_centered_norm = true;
  if (!attention.rope_theta) file.fail("rope_parameters", "an object with rope_theta", "none");
  return hybrid_decoder(file, prefix, linear_attention_config(file, attention.norm_eps), qwen3_5_names(), attention, true, {},
                        {});
}

/// OLMo-Hybrid's decoder: blocks of softmax attention have their norms after, linear ones before; an eps of its own in the
/// linear layers' output. Its files have norms by names that the code does not.
[[nodiscard]] inline HuggingFaceDecoder olmo_hybrid_decoder(const ConfigFile& file) {
  constexpr double output_norm_eps = 1e-5;
  AttentionConfig attention = full_attention_config(file);
  attention.qk_norm = AttentionNorm::projection;
  const BlockNorms linear_norms{NormPlacement::before,
                                {"attention_layer_norm", "input_layernorm"},
                                {"feedforward_layer_norm", "post_attention_layernorm"}};
  const BlockNorms attention_norms{
      NormPlacement::after, {"feedforward_layer_norm", "post_attention_layernorm"}, {"post_feedforward_layernorm"}};
  GatedDeltaNetConfig linear = linear_attention_config(file, output_norm_eps);
  linear.allow_neg_eigval = file.get_or<bool>("linear_allow_neg_eigval", true);
  return hybrid_decoder(file, "model.", linear, olmo_hybrid_names(), attention, false, linear_norms, attention_norms);
}

}  // namespace detail

/// Reads the config.json of a decoder that this library has: model_type qwen3_5_text, qwen3_5 (its text part) or olmo_hybrid.
/// Throws `std::runtime_error` for another architecture, or for a value that is missing or not one this library has.
[[nodiscard]] inline HuggingFaceDecoder huggingface_decoder(const ConfigFile& file) {
  const auto type = file.get<std::string>("model_type");
  if (type == "olmo_hybrid") return detail::olmo_hybrid_decoder(file);
  if (type == "qwen3_5_text") return detail::qwen3_5_decoder(file, "model.");
  if (type != "qwen3_5") file.fail("model_type", "qwen3_5_text, qwen3_5 or olmo_hybrid", '"' + type + '"');
  HuggingFaceDecoder decoder = detail::qwen3_5_decoder(file.object("text_config"), "model.language_model.");
  decoder.ignored = {"model.visual.", "mtp."};
  return decoder;
}

}  // namespace deltanet
