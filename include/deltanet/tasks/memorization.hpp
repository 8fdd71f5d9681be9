#pragma once

#include "deltanet/tasks/draw.hpp"
#include "deltanet/tasks/task.hpp"

namespace deltanet {

/// Sizes of memorisation; the defaults are MAD's, at length 32.
struct MemorizationConfig {
  Index vocab_size = 256;          // keys, values, and last the sign that asks
  std::uint64_t map_seed = 12345;  // of which value each key has

  [[nodiscard]] Index keys() const { return (vocab_size - 1) / 2; }
};

/// The value of each key, the same in all sequences: distinct ones from the upper half of the vocabulary.
inline std::vector<std::int32_t> memorized_values(const MemorizationConfig& config) {
  expect(config.vocab_size > 2, "vocab_size: expected at least 3, a key, a value and a sign, got ", config.vocab_size);
  Random random(config.map_seed);
  std::vector<std::int32_t> values;
  for (const Index value : draw_distinct(random, config.keys(), config.vocab_size - 1 - config.keys()))
    values.push_back(static_cast<std::int32_t>(config.keys() + value));
  return values;
}

/// Keys whose values are the same in every sequence and never shown: what the weights, not the state, have to remember.
///
///   tokens   k1 ? k2 ? ..
///   targets  -  v1 - v2
///
/// MAD's generate_memorization_instance (Poli et al., 2403.17844). Tokens [B, T]; a last odd one is a key not asked for.
/// O(B T + V).
inline TaskBatch memorization(const MemorizationConfig& config, Random& random, Index batch, Index length) {
  expect(length > 1, "length: expected at least 2, a key and its question, got ", length);
  const std::vector<std::int32_t> values = memorized_values(config);
  TaskBatch result = empty_task_batch(batch, length);
  for (Index b = 0; b < batch; ++b)
    for (Index t = 0; t < length; t += 2) {
      const Index key = random.below(config.keys());
      result.tokens(b, t) = static_cast<std::int32_t>(key);
      if (t + 1 == length) break;
      result.tokens(b, t + 1) = static_cast<std::int32_t>(config.vocab_size - 1);
      result.targets(b, t + 1) = values[static_cast<std::size_t>(key)];
    }
  return result;
}

/// memorization as a task.
inline TokenTask memorization_task(const std::string& name, const MemorizationConfig& config, Index train_length,
                                   const std::vector<Index>& test_lengths) {
  return {.name = name,
          .description = "keys whose values are the same in every sequence: say them",
          .source = "MAD (arXiv 2403.17844), instances.py",
          .vocab_size = config.vocab_size,
          .train_length = train_length,
          .test_lengths = test_lengths,
          .chance = 1 / static_cast<double>(config.vocab_size - 1 - config.keys()),
          .generate = with_settings(config, memorization)};
}

}  // namespace deltanet
