#pragma once

#include <string>

/// Pieces of gnuplot's language.
namespace compare {

/// A text in gnuplot's quotes.
inline std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? "''" : std::string(1, c);
  return result + "'";
}

/// "(a, b, c)", each made by text(i).
template <class Text>
std::string listed(std::size_t size, const Text& text) {
  std::string result;
  for (std::size_t i = 0; i < size; ++i) result += (i == 0 ? "(" : ", ") + text(i);
  return result + ")";
}

}  // namespace compare
