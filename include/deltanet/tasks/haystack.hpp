#pragma once

#include <string>
#include <string_view>

#include "deltanet/tasks/draw.hpp"

namespace deltanet {

/// The haystack of pass keys and of RULER's niah_single_1.
inline constexpr const char* green_grass =
    "The grass is green. The sky is blue. The sun is yellow. Here we go. There and back again. ";

/// The last place at or before `place` where a sentence of `text` begins, its beginning included; where there is none within a
/// thousand bytes, where a word does; else `place`.
inline std::size_t sentence_start(std::string_view text, std::size_t place) {
  const std::size_t first = place > 1000 ? place - 1000 : 0;
  const auto is_space = [&](std::size_t i) { return text[i] == ' ' || text[i] == '\n'; };
  for (std::size_t i = place; i > first; --i)
    if (is_space(i - 1) &&
        (text[i - 1] == '\n' || (i > 1 && std::string_view(".!?").find(text[i - 2]) != std::string_view::npos)))
      return i;
  if (first == 0) return 0;
  for (std::size_t i = place; i > first; --i)
    if (is_space(i - 1)) return i;
  return place;
}

/// `size` bytes of a text, repeated where it is too short, from the beginning of a sentence drawn at random.
inline std::string draw_hay(const std::string& text, Random& random, std::size_t size) {
  expect(!text.empty(), "haystack: expected a text, got none");
  std::string hay =
      text.substr(sentence_start(text, static_cast<std::size_t>(random.below(static_cast<Index>(text.size())))), size);
  while (hay.size() < size) hay.append(text, 0, size - hay.size());
  return hay;
}

}  // namespace deltanet
