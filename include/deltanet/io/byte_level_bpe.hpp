#pragma once

#include <span>
#include <unordered_map>

#include "deltanet/io/json.hpp"
#include "deltanet/io/text_pieces.hpp"

namespace deltanet {

/// A byte-level tokenizer of byte pairs as in GPT-2, Qwen and OLMo, read from a tokenizer.json.
///
///   const ByteLevelBpe tokenizer(folder / "tokenizer.json");
///   tokenizer.encode("a text")   its tokens; added tokens, such as <|endoftext|>, are found in the text first
///   tokenizer.bytes(token)       what the token stands for: bytes that need not be UTF-8 by themselves
///
/// Errors are `std::runtime_error`s that name the file.
class ByteLevelBpe {
 public:
  explicit ByteLevelBpe(const std::filesystem::path& path) {
    constexpr detail::JsonLimits limits{.name = "file", .levels = 32, .max_bytes = 64'000'000};
    const nlohmann::json json = detail::parse_json(path, InputFile(path).text(limits.max_bytes), limits);
    try {
      read(path, json);
    } catch (const nlohmann::json::exception& error) {
      detail::file_error(path, "expected a tokenizer of byte-level BPE, found: ", error.what());
    }
  }

  /// The number of tokens: one more than the largest.
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }

  /// The bytes that a token stands for. Throws `std::invalid_argument` for one that there is not.
  [[nodiscard]] const std::string& bytes(std::int32_t token) const {
    expect(token >= 0 && static_cast<std::size_t>(token) < size(), "token: expected one in [0, ", size(), "), got ", token);
    return bytes_[static_cast<std::size_t>(token)];
  }
  [[nodiscard]] std::string decode(std::span<const std::int32_t> tokens) const {
    std::string text;
    for (const std::int32_t token : tokens) text += bytes(token);
    return text;
  }

  /// The tokens of a text. Throws `std::invalid_argument` if a byte of it has none.
  [[nodiscard]] std::vector<std::int32_t> encode(std::string_view text) const {
    std::vector<std::int32_t> tokens;
    while (!text.empty()) {
      const auto [at, added] = first_added(text);
      for (const std::string_view piece : text_pieces(text.substr(0, at), pattern_)) merge(piece, tokens);
      if (!added) break;
      tokens.push_back(added->second);
      text.remove_prefix(at + added->first.size());
    }
    return tokens;
  }

 private:
  struct Merge {
    std::int32_t rank, token;
  };
  using Added = std::pair<std::string, std::int32_t>;

  static std::uint64_t pair_key(std::int32_t left, std::int32_t right) {
    return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32 | static_cast<std::uint32_t>(right);
  }

  /// The byte of each character of the alphabet: printable Latin-1 stands for itself, the rest is from 256 on, in order.
  static std::unordered_map<std::uint32_t, char> alphabet() {
    std::unordered_map<std::uint32_t, char> byte_of;
    std::uint32_t next = 256;
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
      const bool printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte != 173);
      byte_of[printable ? byte : next++] = static_cast<char>(byte);
    }
    return byte_of;
  }

  void read(const std::filesystem::path& path, const nlohmann::json& json) {
    const auto& model = json.at("model");
    if (model.at("type") != "BPE")
      detail::file_error(path, "model.type: expected BPE, found ", detail::json_text(model.at("type")));
    pattern_ = pattern_of(path, json.at("pre_tokenizer"));
    const auto byte_of = alphabet();
    const auto bytes_of = [&](const std::string& text) {
      std::string bytes;
      for (std::size_t at = 0; at < text.size();) {
        const auto [value, length] = detail::code_point_at(text, at);
        const auto found = byte_of.find(value);
        if (found == byte_of.end()) detail::file_error(path, "model: \"", text, "\": expected characters that stand for bytes");
        bytes += found->second;
        at += length;
      }
      return bytes;
    };
    std::unordered_map<std::string, std::int32_t> token_of;
    for (const auto& [text, id] : model.at("vocab").items()) {
      const std::string bytes = bytes_of(text);
      add(path, bytes, id.get<std::int64_t>());
      token_of.emplace(bytes, id.get<std::int32_t>());
    }
    for (int byte = 0; byte < 256; ++byte) {
      const auto found = token_of.find(std::string(1, static_cast<char>(byte)));
      byte_token_[static_cast<std::size_t>(byte)] = found == token_of.end() ? -1 : found->second;
    }
    std::int32_t rank = 0;
    for (const auto& merge : model.at("merges")) {
      std::string left, right;
      if (merge.is_string()) {
        const auto text = merge.get<std::string>();
        left = text.substr(0, text.find(' '));
        right = text.substr(std::min(text.size(), left.size() + 1));
      } else {
        merge.at(0).get_to(left);
        merge.at(1).get_to(right);
      }
      left = bytes_of(left), right = bytes_of(right);
      const auto a = token_of.find(left), b = token_of.find(right), both = token_of.find(left + right);
      if (a == token_of.end() || b == token_of.end() || both == token_of.end())
        detail::file_error(path, "model.merges: expected tokens of the vocabulary, found ", detail::json_text(merge));
      merges_.emplace(pair_key(a->second, b->second), Merge{rank++, both->second});
    }
    if (json.contains("added_tokens"))
      for (const auto& token : json.at("added_tokens")) {
        const auto text = token.at("content").get<std::string>();
        if (text.empty()) detail::file_error(path, "added_tokens: expected texts that are not empty");
        add(path, text, token.at("id").get<std::int64_t>());
        added_.emplace_back(text, token.at("id").get<std::int32_t>());
      }
  }

  void add(const std::filesystem::path& path, const std::string& bytes, std::int64_t id) {
    constexpr std::int64_t most = 1 << 24;
    if (id < 0 || id >= most) detail::file_error(path, "model.vocab: expected tokens in [0, ", most, "), found ", id);
    if (static_cast<std::size_t>(id) >= size()) bytes_.resize(static_cast<std::size_t>(id) + 1);
    bytes_[static_cast<std::size_t>(id)] = bytes;
  }

  /// What the expression in the file cuts into; those of the models this library reads are known.
  static PiecePattern pattern_of(const std::filesystem::path& path, const nlohmann::json& pre_tokenizer) {
    const auto is_split = [](const nlohmann::json& step) { return step.at("type") == "Split"; };
    const nlohmann::json steps =
        pre_tokenizer.at("type") == "Sequence" ? pre_tokenizer.at("pretokenizers") : nlohmann::json::array({pre_tokenizer});
    for (const auto& step : steps) {
      if (!is_split(step)) continue;
      const auto expression = step.at("pattern").at("Regex").get<std::string>();
      const auto has = [&](const char* part) { return expression.find(part) != std::string::npos; };
      if (!has("(?i:'s|'t|'re|'ve|'m|'ll|'d)") || !has("\\s*[\\r\\n]+"))
        detail::file_error(path, "pre_tokenizer: expected the pattern of GPT-2, Qwen or Llama 3, found ",
                           detail::json_text(step.at("pattern").at("Regex")));
      return has("\\p{N}{1,3}") ? PiecePattern::three_digits : PiecePattern::one_digit;
    }
    return PiecePattern::gpt2;
  }

  /// Where the first added token of a text is, the longest where several begin there; the text's end where there is none.
  [[nodiscard]] std::pair<std::size_t, const Added*> first_added(std::string_view text) const {
    std::pair<std::size_t, const Added*> first{text.size(), nullptr};
    for (const Added& added : added_) {
      const std::size_t at = text.find(added.first);
      if (at == std::string_view::npos || at > first.first) continue;
      if (at < first.first || added.first.size() > first.second->first.size()) first = {at, &added};
    }
    return first;
  }

  /// Joins neighbours, those of the lowest rank first, until none has a rank.
  void merge(std::string_view piece, std::vector<std::int32_t>& tokens) const {
    std::vector<std::int32_t> parts;
    for (const char c : piece) {
      const std::int32_t token = byte_token_[static_cast<unsigned char>(c)];
      expect(token >= 0, "text: expected bytes of the vocabulary, got ", static_cast<int>(static_cast<unsigned char>(c)));
      parts.push_back(token);
    }
    while (parts.size() > 1) {
      std::size_t best = parts.size();
      Merge lowest{std::numeric_limits<std::int32_t>::max(), 0};
      for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
        const auto found = merges_.find(pair_key(parts[i], parts[i + 1]));
        if (found != merges_.end() && found->second.rank < lowest.rank) best = i, lowest = found->second;
      }
      if (best == parts.size()) break;
      parts[best] = lowest.token;
      parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(best) + 1);
    }
    tokens.insert(tokens.end(), parts.begin(), parts.end());
  }

  PiecePattern pattern_ = PiecePattern::gpt2;
  std::vector<std::string> bytes_;              // of each token
  std::array<std::int32_t, 256> byte_token_{};  // of each byte, -1 where there is none
  std::unordered_map<std::uint64_t, Merge> merges_;
  std::vector<Added> added_;
};

}  // namespace deltanet
