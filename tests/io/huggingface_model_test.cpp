#include "deltanet/io/huggingface_model.hpp"

#include "io/temporary_folder.hpp"
#include "support/catch.hpp"

using namespace deltanet;

// That the tiny models give the reference's numbers is checked in golden/.
namespace {

const std::filesystem::path tiny = std::filesystem::path(DELTANET_SOURCE_DIR) / "tests/golden/cases/models/qwen3_5_tiny";

/// A copy of the tiny model whose config.json has a value of its own.
void spoil(const TemporaryFolder& folder, const std::string& key, const nlohmann::json& value) {
  auto config = nlohmann::json::parse(read_text(tiny / "config.json"));
  config[key] = value;
  write_text(folder / "config.json", config.dump());
  if (!std::filesystem::exists(folder / "model.safetensors"))
    std::filesystem::copy_file(tiny / "model.safetensors", folder / "model.safetensors");
}

void load(const std::filesystem::path& folder) { (void)load_huggingface_model<float>(folder); }

}  // namespace

TEST_CASE("a decoder of a folder has what the files have") {
  const auto model = load_huggingface_model<float>(tiny);
  const SafetensorsFile file(tiny / "model.safetensors");
  Index stored = 0;
  for (const auto& [name, entry] : file.tensors()) stored += static_cast<Index>((entry.end - entry.begin) / entry.dtype.size);
  CHECK(count_parameters(model.params) == stored);
  CHECK(model.params.model.layers[3].params.attn.params.self_attn->params.g_proj);
}

TEST_CASE("a written model has the tensors of the file it was read from, to the last bit") {
  const auto model = load_huggingface_model<float>(tiny);
  const SafetensorsFile file(tiny / "model.safetensors");
  const auto tensors = renamed_tensors<float>(model.params, huggingface_decoder(ConfigFile(tiny / "config.json")).names);
  CHECK(tensors.size() == file.tensors().size());
  for (const auto& [name, shape, entries] : tensors) {
    INFO(name);
    CHECK(file.entry(name).shape == shape);
    std::vector<float> stored(entries.size());
    file.read(name, stored.data());
    CHECK(stored == entries);
  }
}

TEST_CASE("a folder whose files contradict each other is refused, with file, tensor, expected and found") {
  using Catch::Matchers::ContainsSubstring;
  const TemporaryFolder folder;
  const std::string tensors = (folder / "model.safetensors").string(), config = (folder / "config.json").string();
  spoil(folder, "intermediate_size", 96);
  CHECK_THROWS_WITH(load(folder / ""),
                    ContainsSubstring(tensors + ": ") &&
                        ContainsSubstring("model.layers.0.mlp.gate_proj.weight: expected F32 [96, 64], found F32 [128, 64]"));
  spoil(folder, "tie_word_embeddings", true);
  CHECK_THROWS_WITH(load(folder / ""), tensors + ": lm_head.weight: expected no tensor of this name, found F32 [256, 64]");
  spoil(folder, "attention_bias", true);
  CHECK_THROWS_WITH(load(folder / ""),
                    ContainsSubstring("model.layers.3.self_attn.q_proj.bias: expected F32 [256], found none of this name"));
  spoil(folder, "vocab_size", 1'000'000'000);
  CHECK_THROWS_WITH(load(folder / ""),
                    ContainsSubstring(tensors + ": expected at least ") && ContainsSubstring("as config.json says"));
  spoil(folder, "num_key_value_heads", 3);
  CHECK_THROWS_WITH(load(folder / ""), config + ": num_kv_heads: expected a divisor of num_heads=4, got 3");
  CHECK_THROWS_WITH(load(folder / "none"), (folder / "none").string() + ": expected a folder with config.json, found none");
  std::filesystem::remove(folder / "model.safetensors");
  CHECK_THROWS_WITH(load(folder / ""), ContainsSubstring("model.safetensors"));
}
