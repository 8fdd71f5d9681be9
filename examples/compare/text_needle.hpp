#pragma once

#include <string_view>

#include "compare/token_needle.hpp"

namespace compare {

/// Keys and values of a needle in text: the tokens from 256 on, first the keys.
struct TextNeedleConfig {
  Index num_keys = 8, num_values = 8;

  [[nodiscard]] Index vocab_size() const { return 256 + num_keys + num_values; }
};

/// A key and its value hidden among the bytes of a text, and at the end the key again, which asks for the value.
///
///   tokens   t h e _ K V q u i c K
///   targets  - - - - - - - - - - V
///
/// The hay is a piece of the text, from any place of it on. Unlike random tokens it can be predicted by whoever remembers what
/// was read: a memory has a reason to write the text, and has to keep the needle none the less. Depth 0 is the beginning of the
/// hay, 1 its end. Tokens [B, T], T >= 3; the text has T - 3 bytes or more. O(B T).
inline deltanet::TaskBatch text_needle(const TextNeedleConfig& config, std::string_view text, deltanet::Random& random,
                                       Index batch, Index length, std::optional<double> depth = std::nullopt) {
  deltanet::expect(length >= 3, "length: expected at least 3, got ", length);
  const Index hay = length - 3, text_size = static_cast<Index>(text.size());
  deltanet::expect(text_size >= hay, "text: expected at least ", hay, " bytes, got ", text_size);
  deltanet::TaskBatch result = deltanet::empty_task_batch(batch, length);
  for (Index b = 0; b < batch; ++b) {
    const Index key = 256 + random.below(config.num_keys), value = 256 + config.num_keys + random.below(config.num_values);
    const Index start = random.below(text_size - hay + 1), place = needle_place(random, hay + 1, depth);
    for (Index i = 0; i < hay; ++i)
      result.tokens(b, i < place ? i : i + 2) = static_cast<unsigned char>(text[static_cast<std::size_t>(start + i)]);
    result.tokens(b, place) = result.tokens(b, length - 1) = static_cast<std::int32_t>(key);
    result.tokens(b, place + 1) = result.targets(b, length - 1) = static_cast<std::int32_t>(value);
  }
  return result;
}

/// Asks for each byte of the text at the token before it, too.
///
///   tokens   t h e _ K V q u i c K
///   targets  h e _ - - q u i c - V
///
/// What cannot be predicted stays unasked: the first byte, where the needle is, and that the text is over.
inline void ask_for_bytes(deltanet::TaskBatch& batch) {
  const Index B = batch.tokens.dimension(0), T = batch.tokens.dimension(1);
  for (Index b = 0; b < B; ++b)
    for (Index t = 1; t < T; ++t)
      if (batch.tokens(b, t) < 256) batch.targets(b, t - 1) = batch.tokens(b, t);
}

/// The two parts of a text, read when they are first asked for.
struct TextParts {
  std::function<std::string_view()> training, tests;
};

/// text_needle as a task, trained in one part of a text and tested in the other. Every second batch of training, drawn at
/// random, asks for the bytes, too: so often that the text has to be read, and so seldom that the one answer among many bytes
/// weighs as much. Tests ask for the needle alone. Its dial is the depth.
inline deltanet::TokenTask text_needle_task(const std::string& name, const TextNeedleConfig& config, const TextParts& text,
                                            Index train_length, const std::vector<Index>& test_lengths) {
  using deltanet::Random;
  return {.name = name,
          .description = "a key and its value hidden in real text, which training has to predict: say the value",
          .source = "needles in a haystack, RULER (arXiv 2404.06654), a token for a word",
          .vocab_size = config.vocab_size(),
          .train_length = train_length,
          .test_lengths = test_lengths,
          .chance = 1 / static_cast<double>(config.num_values),
          .generate = [=](Random& random, Index batch,
                          Index length) { return text_needle(config, text.tests(), random, batch, length); },
          .generate_training =
              [=](Random& random, Index batch, Index length) {
                deltanet::TaskBatch result = text_needle(config, text.training(), random, batch, length);
                if (deltanet::draw_chance(random, 0.5)) ask_for_bytes(result);
                return result;
              },
          .dial = {"depth", {0, 0.25, 0.5, 0.75, 1}, [=](Random& random, Index batch, Index length, double depth) {
                     return text_needle(config, text.tests(), random, batch, length, depth);
                   }}};
}

}  // namespace compare
