#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Text cut into pieces of letters, digits, signs and blanks, as tokenizers do before they merge bytes within a piece.
namespace deltanet {

/// The expressions that tokenizer.json files cut text with.
enum class PiecePattern {
  gpt2,         ///< a blank belongs to the letters, digits or signs after it
  one_digit,    ///< Qwen's: any sign belongs to the letters after it, digits stand alone, line ends belong to signs before them
  three_digits  ///< Llama 3's and OLMo's: the same, with digits by threes
};

namespace detail {

enum class Letter { letter, digit, blank, newline, sign };

/// The code point that begins at `at`, and its length in bytes. A byte that begins none counts as one of its own.
struct CodePoint {
  std::uint32_t value;
  std::size_t size;
};
[[nodiscard]] inline CodePoint code_point_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(at);
  const std::size_t size = first < 0x80 ? 1 : first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF8 ? 4 : 1;
  if (size == 1 || at + size > text.size()) return {first, 1};
  std::uint32_t value = first & (0xFFu >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) return {first, 1};
    value = value << 6 | (byte(at + i) & 0x3Fu);
  }
  return {value, size};
}

/// What kind of character a code point is. Beyond ASCII, blanks and the blocks of punctuation and symbols are told apart from
/// letters; digits of other scripts are not.
[[nodiscard]] inline Letter letter_kind(std::uint32_t c) {
  if (c == '\n' || c == '\r') return Letter::newline;
  if (c == ' ' || (c >= 9 && c <= 13) || c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
      c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000)
    return Letter::blank;
  if (c >= '0' && c <= '9') return Letter::digit;
  if (c < 0x80) return ((c | 32) >= 'a' && (c | 32) <= 'z') ? Letter::letter : Letter::sign;
  constexpr std::array<std::array<std::uint32_t, 2>, 9> signs{{{0x80, 0xA9},
                                                               {0xAB, 0xB1},
                                                               {0xB4, 0xB4},
                                                               {0xB6, 0xB8},
                                                               {0xBB, 0xBF},
                                                               {0x2010, 0x2BFF},
                                                               {0x3001, 0x3020},
                                                               {0xFF01, 0xFF0F},
                                                               {0x1F000, 0x1FAFF}}};
  const bool sign = c == 0xD7 || c == 0xF7 || std::ranges::any_of(signs, [&](const auto& r) { return c >= r[0] && c <= r[1]; });
  return sign ? Letter::sign : Letter::letter;
}

/// Characters of one text with what they are, and the longest piece at any of them.
class PieceScanner {
 public:
  PieceScanner(std::string_view text, PiecePattern pattern) : text_(text), gpt2_(pattern == PiecePattern::gpt2) {
    most_digits_ = gpt2_ ? text.size() : pattern == PiecePattern::one_digit ? 1 : 3;
    for (std::size_t at = 0; at < text.size();) {
      const auto [value, size] = code_point_at(text, at);
      begins_.push_back(at);
      kinds_.push_back(letter_kind(value));
      at += size;
    }
    begins_.push_back(text.size());
  }

  [[nodiscard]] std::size_t count() const { return kinds_.size(); }
  /// The bytes of the characters i .. end - 1.
  [[nodiscard]] std::string_view bytes(std::size_t i, std::size_t end) const {
    return text_.substr(begins_[i], begins_[end] - begins_[i]);
  }

  /// The end of the piece that begins at character i.
  [[nodiscard]] std::size_t end_of_piece(std::size_t i) const {
    if (const std::size_t end = contraction(i); end > i) return end;
    const bool led =
        i + 1 < count() && (gpt2_ ? is_space(i) : !is(i, Letter::letter) && !is(i, Letter::digit) && !is(i, Letter::newline));
    const std::size_t start = led && is(i + 1, Letter::letter) ? i + 1 : i;
    if (is(start, Letter::letter)) return run(start, Letter::letter, count());
    if (is(i, Letter::digit)) return run(i, Letter::digit, most_digits_);
    if (gpt2_ && is_space(i) && is_at(i + 1, Letter::digit)) return run(i + 1, Letter::digit, most_digits_);
    const std::size_t signs = is_space(i) && is_at(i + 1, Letter::sign) ? i + 1 : i;
    if (is(signs, Letter::sign)) {
      const std::size_t end = run(signs, Letter::sign, count());
      return gpt2_ ? end : run(end, Letter::newline, count());
    }
    return end_of_blanks(i);
  }

 private:
  [[nodiscard]] bool is(std::size_t i, Letter kind) const { return kinds_[i] == kind; }
  [[nodiscard]] bool is_at(std::size_t i, Letter kind) const { return i < count() && is(i, kind); }
  [[nodiscard]] bool is_space(std::size_t i) const { return text_[begins_[i]] == ' '; }
  [[nodiscard]] bool is_blank(std::size_t i) const { return is_at(i, Letter::blank) || is_at(i, Letter::newline); }

  [[nodiscard]] std::size_t run(std::size_t i, Letter kind, std::size_t most) const {
    const std::size_t last = most < count() - i ? i + most : count();
    while (i < last && is(i, kind)) ++i;
    return i;
  }

  /// 's, 't, 're, 've, 'm, 'll, 'd; in either case but for GPT-2.
  [[nodiscard]] std::size_t contraction(std::size_t i) const {
    if (text_[begins_[i]] != '\'') return i;
    for (const std::string_view ending : {"s", "t", "re", "ve", "m", "ll", "d"}) {
      const std::string_view found = text_.substr(begins_[i] + 1, ending.size());
      const auto same = [&](char a, char b) { return a == b || (!gpt2_ && (a | 32) == b && a >= 'A' && a <= 'Z'); };
      if (std::ranges::equal(found, ending, same)) return i + 1 + ending.size();
    }
    return i;
  }

  /// Blanks up to their last newline, or all but the one that belongs to what follows.
  [[nodiscard]] std::size_t end_of_blanks(std::size_t i) const {
    std::size_t end = i, after_newline = i;
    while (is_blank(end)) {
      ++end;
      if (is(end - 1, Letter::newline)) after_newline = end;
    }
    if (!gpt2_ && after_newline > i) return after_newline;
    return end == count() || end == i + 1 ? end : end - 1;
  }

  std::string_view text_;
  bool gpt2_;
  std::size_t most_digits_;
  std::vector<std::size_t> begins_;
  std::vector<Letter> kinds_;
};

}  // namespace detail

/// The pieces of a text, which put together are the text.
[[nodiscard]] inline std::vector<std::string_view> text_pieces(std::string_view text, PiecePattern pattern) {
  const detail::PieceScanner scanner(text, pattern);
  std::vector<std::string_view> pieces;
  for (std::size_t i = 0; i < scanner.count();) {
    const std::size_t end = scanner.end_of_piece(i);
    pieces.push_back(scanner.bytes(i, end));
    i = end;
  }
  return pieces;
}

}  // namespace deltanet
