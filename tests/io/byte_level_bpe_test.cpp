#include "deltanet/io/byte_level_bpe.hpp"

#include "io/temporary_folder.hpp"
#include "support/catch.hpp"

using namespace deltanet;
using nlohmann::json;
using Tokens = std::vector<std::int32_t>;

namespace {

/// The letters a, b, c, a blank and the two bytes of an e acute, some merges, an added token.
json tokenizer() {
  return json::parse(R"({
    "pre_tokenizer": {"type": "ByteLevel", "use_regex": true},
    "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "c": 2, "\u0120": 3, "\u00c3": 4, "\u00a9": 5, "ab": 6, "\u0120ab": 7,
                                       "abc": 8, "\u00c3\u00a9": 9, "bc": 10},
              "merges": ["a b", ["\u0120", "ab"], "b c", "ab c", "\u00c3 \u00a9"]},
    "added_tokens": [{"id": 11, "content": "<end>"}, {"id": 12, "content": "<end>."}]})");
}

ByteLevelBpe load(const json& content) {
  const TemporaryFolder folder;
  write_text(folder / "tokenizer.json", content.dump());
  return ByteLevelBpe(folder / "tokenizer.json");
}

}  // namespace

TEST_CASE("pairs are merged in the order of the merges, within pieces") {
  const ByteLevelBpe bpe = load(tokenizer());
  CHECK(bpe.encode("abc") == Tokens{8});  // a b first, then ab c
  CHECK(bpe.encode("bc") == Tokens{10});
  CHECK(bpe.encode("abab") == Tokens{6, 6});
  CHECK(bpe.encode("ab ab") == Tokens{6, 7});
  CHECK(bpe.encode("a a") == Tokens{0, 3, 0});
  CHECK(bpe.encode("\u00e9") == Tokens{9});
  CHECK(bpe.encode("").empty());
}

TEST_CASE("added tokens are found in a text, the longest where several begin") {
  const ByteLevelBpe bpe = load(tokenizer());
  CHECK(bpe.encode("ab<end>ab") == Tokens{6, 11, 6});
  CHECK(bpe.encode("<end>.<end>") == Tokens{12, 11});
}

TEST_CASE("tokens put together are the text again") {
  const ByteLevelBpe bpe = load(tokenizer());
  const std::string text = "abc a\u00e9 <end>.cab";
  CHECK(bpe.decode(bpe.encode(text)) == text);
  CHECK(bpe.bytes(4) == "\xC3");
  CHECK_THROWS_WITH(bpe.bytes(13), "token: expected one in [0, 13), got 13");
  CHECK_THROWS_WITH(bpe.encode("d"), "text: expected bytes of the vocabulary, got 100");
}

TEST_CASE("a tokenizer.json of another kind is refused") {
  using Catch::Matchers::ContainsSubstring;
  const auto refused = [](const char* pointer, const json& value) {
    json content = tokenizer();
    content[json::json_pointer(pointer)] = value;
    return [content] { (void)load(content); };
  };
  CHECK_THROWS_WITH(refused("/model/type", "Unigram")(), ContainsSubstring("model.type: expected BPE, found \"Unigram\""));
  CHECK_THROWS_WITH(refused("/model/merges/0", "a x")(), ContainsSubstring("expected tokens of the vocabulary, found \"a x\""));
  CHECK_THROWS_WITH(refused("/model/vocab/a", -1)(), ContainsSubstring("expected tokens in [0, 16777216), found -1"));
  CHECK_THROWS_WITH(refused("/model/vocab", 5)(), ContainsSubstring("tokenizer.json"));
  CHECK_THROWS_WITH(refused("/pre_tokenizer", {{"type", "Split"}, {"pattern", {{"Regex", "\\w"}}}})(),
                    ContainsSubstring("pre_tokenizer: expected the pattern of GPT-2, Qwen or Llama 3, found"));
}
