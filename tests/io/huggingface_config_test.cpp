#include "deltanet/io/huggingface_config.hpp"

#include "support/catch.hpp"

using namespace deltanet;
using nlohmann::json;

namespace {

json qwen() {
  return json::parse(R"({"model_type": "qwen3_5_text", "vocab_size": 256, "hidden_size": 64, "intermediate_size": 128,
    "num_hidden_layers": 3, "layer_types": ["linear_attention", "full_attention", "linear_attention"], "hidden_act": "silu",
    "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 32, "rms_norm_eps": 1e-6, "tie_word_embeddings": true,
    "rope_parameters": {"rope_type": "default", "rope_theta": 10000000, "partial_rotary_factor": 0.25},
    "linear_num_key_heads": 2, "linear_num_value_heads": 4, "linear_key_head_dim": 16, "linear_value_head_dim": 24,
    "linear_conv_kernel_dim": 4})");
}

HuggingFaceDecoder decoder(const json& config) { return huggingface_decoder(ConfigFile("config.json", config.dump())); }

/// What is thrown once `key` has the value.
std::string refusal(const std::string& key, const json& value) {
  json config = qwen();
  config[json::json_pointer("/" + key)] = value;
  try {
    (void)decoder(config);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

/// The first of their names for one of ours.
std::string name_of(const HuggingFaceDecoder& decoder, const std::string& ours) {
  for (const NameRule& rule : decoder.names)
    if (rule.ours.front() == ours) return rule.theirs.front();
  return "";
}

}  // namespace

TEST_CASE("the config of a Qwen3.5 decoder") {
  const auto [config, names, end_tokens, ignored] = decoder(qwen());
  CHECK(config.vocab_size == 256);
  CHECK(config.tie_word_embeddings);
  REQUIRE(config.blocks.size() == 3);
  const auto linear = std::get<GatedDeltaNetConfig>(config.blocks[2].attn);
  CHECK(linear.head_v_dim() == 24);
  CHECK(linear.norm_eps == 1e-6);
  CHECK_FALSE(linear.allow_neg_eigval);
  const auto attention = std::get<AttentionConfig>(config.blocks[1].attn);
  CHECK(attention.rotary().dim == 8);
  CHECK(attention.rotary().theta == 1e7);
  CHECK(attention.use_gate);
  CHECK(attention.qk_norm == AttentionNorm::head);
  CHECK(attention.zero_centered_norm);
  for (const auto& block : config.blocks) {
    CHECK(block.zero_centered_norm);
    CHECK(block.norms == NormPlacement::before);
    CHECK(block.mlp.width() == 128);
  }
  CHECK(ignored.empty());
}

TEST_CASE("Qwen3.5 within a model of images and text has its decoder in text_config, by longer names") {
  json text = qwen();
  text["model_type"] = "qwen3_5_text";
  const auto found = decoder({{"model_type", "qwen3_5"}, {"text_config", text}});
  CHECK(name_of(found, "model.embeddings.weight") == "model.language_model.embed_tokens.weight");
  CHECK(name_of(found, "model.layers.1.attn_norm.weight") == "model.language_model.layers.1.input_layernorm.weight");
  CHECK(name_of(found, "model.layers.1.attn.self_attn.q_proj.weight") ==
        "model.language_model.layers.1.self_attn.q_proj.weight");
  CHECK(found.ignored == std::vector<std::string>{"model.visual.", "mtp."});
}

TEST_CASE("the config of an OLMo-Hybrid decoder") {
  json olmo = qwen();
  olmo["model_type"] = "olmo_hybrid";
  olmo["rope_parameters"] = nullptr;
  olmo.erase("head_dim");
  const auto found = decoder(olmo);
  const auto& [config, names, end_tokens, ignored] = found;
  const auto attention = std::get<AttentionConfig>(config.blocks[1].attn);
  CHECK(attention.rotary().dim == 0);
  CHECK(attention.head_width() == 16);
  CHECK(attention.qk_norm == AttentionNorm::projection);
  CHECK_FALSE(attention.use_gate);
  CHECK(std::get<GatedDeltaNetConfig>(config.blocks[0].attn).allow_neg_eigval);
  CHECK(std::get<GatedDeltaNetConfig>(config.blocks[0].attn).norm_eps == 1e-5);
  CHECK(config.blocks[0].norms == NormPlacement::before);
  CHECK(config.blocks[1].norms == NormPlacement::after);
  CHECK_FALSE(config.blocks[1].zero_centered_norm);
  CHECK(name_of(found, "model.layers.0.attn_norm.weight") == "model.layers.0.attention_layer_norm.weight");
  CHECK(name_of(found, "model.layers.1.attn_norm.weight") == "model.layers.1.feedforward_layer_norm.weight");
  CHECK(name_of(found, "model.layers.1.mlp_norm.weight") == "model.layers.1.post_feedforward_layernorm.weight");
}

TEST_CASE("the tokens that end a text are those of eos_token_id") {
  json config = qwen();
  CHECK(decoder(config).end_tokens.empty());
  config["eos_token_id"] = 5;
  CHECK(decoder(config).end_tokens == std::vector<std::int32_t>{5});
  config["eos_token_id"] = {5, 7};
  CHECK(decoder(config).end_tokens == std::vector<std::int32_t>{5, 7});
}

TEST_CASE("without layer_types every fourth layer is softmax attention") {
  json config = qwen();
  config.erase("layer_types");
  config["num_hidden_layers"] = 8;
  const auto blocks = decoder(config).config.blocks;
  REQUIRE(blocks.size() == 8);
  for (std::size_t i = 0; i < 8; ++i) CHECK(std::holds_alternative<AttentionConfig>(blocks[i].attn) == (i % 4 == 3));
}

TEST_CASE("a config that this library does not have is refused by the value that says so") {
  CHECK(refusal("model_type", "llama") ==
        R"(config.json: model_type: expected qwen3_5_text, qwen3_5 or olmo_hybrid, found "llama")");
  CHECK(refusal("hidden_act", "gelu") == R"(config.json: hidden_act: expected "silu", found "gelu")");
  CHECK(refusal("rope_parameters/rope_type", "yarn") ==
        R"(config.json: rope_parameters.rope_type: expected "default", found "yarn")");
  CHECK(refusal("layer_types/0", "mamba") ==
        R"(config.json: layer_types: expected linear_attention or full_attention, found "mamba")");
  CHECK(refusal("num_hidden_layers", 4) == "config.json: layer_types: expected num_hidden_layers=4 entries, found 3");
  CHECK(refusal("hidden_size", 0) == "config.json: hidden_size: expected a size in [1, 1073741824], found 0");
  CHECK(refusal("vocab_size", 1e300).starts_with("config.json: vocab_size: expected a whole number"));
  CHECK(refusal("rope_parameters", nullptr) == "config.json: rope_parameters: expected an object with rope_theta, found none");
}
