#include "deltanet/io/text_pieces.hpp"

#include "support/catch.hpp"

using namespace deltanet;

namespace {

/// The pieces with bars between them.
std::string cut(std::string_view text, PiecePattern pattern) {
  std::string line;
  for (const std::string_view piece : text_pieces(text, pattern)) line += (line.empty() ? "" : "|") + std::string(piece);
  return line;
}

}  // namespace

TEST_CASE("GPT-2 gives a blank to the letters, digits or signs after it") {
  CHECK(cut("Hello  world, it's 2024!\n\nx", PiecePattern::gpt2) == "Hello| | world|,| it|'s| 2024|!|\n|\n|x");
  CHECK(cut("IT'S ", PiecePattern::gpt2) == "IT|'|S| ");
}

TEST_CASE("Qwen's digits stand alone, a sign begins a word, a line's end belongs to signs") {
  CHECK(cut("Hello  world, it's 2024!\n\nx", PiecePattern::one_digit) == "Hello| | world|,| it|'s| |2|0|2|4|!\n\n|x");
  CHECK(cut("f(x) = \"IT'S\"\n  y", PiecePattern::one_digit) == "f|(x|)| =| \"|IT|'S|\"\n| | y");
  CHECK(cut("a \n b", PiecePattern::one_digit) == "a| \n| b");
}

TEST_CASE("Llama 3's digits go by threes") { CHECK(cut("12345", PiecePattern::three_digits) == "123|45"); }

TEST_CASE("letters beyond ASCII are letters, signs and blanks are not, and bytes that are no text are kept") {
  CHECK(cut("na\u00EFve \u65E5\u672C\u3002\u2014x", PiecePattern::one_digit) == "na\u00EFve| \u65E5\u672C|\u3002\u2014|x");
  const std::string broken = "a\xFF\xC3";
  std::string whole;
  for (const auto piece : text_pieces(broken, PiecePattern::one_digit)) whole += piece;
  CHECK(whole == broken);
}
