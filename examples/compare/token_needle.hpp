#pragma once

#include <optional>

#include "compare/sizes.hpp"
#include "deltanet/tasks/draw.hpp"
#include "deltanet/tasks/task.hpp"

namespace compare {

/// Sizes of a needle made of two tokens.
struct TokenNeedleConfig {
  Index num_keys = 8, num_values = 8;
  Index num_hay = 16;      // other tokens
  bool random_hay = true;  // else they come one after the other, again and again: a text without news

  [[nodiscard]] Index vocab_size() const { return num_keys + num_values + num_hay; }
};

/// Where a needle begins: at one of `places`, at this depth, or anywhere.
inline Index needle_place(deltanet::Random& random, Index places, std::optional<double> depth) {
  return depth ? static_cast<Index>(*depth * static_cast<double>(places - 1) + 0.5) : random.below(places);
}

/// What needles in a haystack ask for, without the spelling that makes them slow to learn: a key and its value somewhere among
/// many other tokens, and at the end the key again, which asks for the value.
///
///   tokens   x x x k v x x x x x x k
///   targets  - - - - - - - - - - - v
///
/// Depth 0 is the beginning of the hay, 1 its end. Tokens [B, T], T >= 3. O(B T).
inline deltanet::TaskBatch token_needle(const TokenNeedleConfig& config, deltanet::Random& random, Index batch, Index length,
                                        std::optional<double> depth = std::nullopt) {
  deltanet::expect(length >= 3, "length: expected at least 3, got ", length);
  deltanet::TaskBatch result = deltanet::empty_task_batch(batch, length);
  for (Index b = 0; b < batch; ++b) {
    const Index key = random.below(config.num_keys), value = config.num_keys + random.below(config.num_values);
    const Index start = random.below(config.num_hay), hay = config.num_keys + config.num_values;
    const auto straw = [&](Index t) { return config.random_hay ? random.below(config.num_hay) : (start + t) % config.num_hay; };
    for (Index t = 0; t < length; ++t) result.tokens(b, t) = static_cast<std::int32_t>(hay + straw(t));
    const Index place = needle_place(random, length - 2, depth);
    result.tokens(b, place) = result.tokens(b, length - 1) = static_cast<std::int32_t>(key);
    result.tokens(b, place + 1) = result.targets(b, length - 1) = static_cast<std::int32_t>(value);
  }
  return result;
}

/// token_needle as a task. Its dial is the depth.
inline deltanet::TokenTask token_needle_task(const std::string& name, const TokenNeedleConfig& config, Index train_length,
                                             const std::vector<Index>& test_lengths) {
  return {
      .name = name,
      .description = std::string("a key and its value hidden among ") +
                     (config.random_hay ? "random tokens" : "tokens that repeat themselves") + ": say the value",
      .source = "needles in a haystack, RULER (arXiv 2404.06654), a token for a word",
      .vocab_size = config.vocab_size(),
      .train_length = train_length,
      .test_lengths = test_lengths,
      .chance = 1 / static_cast<double>(config.num_values),
      .generate = [config](deltanet::Random& random, Index batch,
                           Index length) { return token_needle(config, random, batch, length); },
      .dial = {"depth", {0, 0.25, 0.5, 0.75, 1}, [config](deltanet::Random& random, Index batch, Index length, double depth) {
                 return token_needle(config, random, batch, length, depth);
               }}};
}

}  // namespace compare
