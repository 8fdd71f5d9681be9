#pragma once

#include <map>

#include "deltanet/tasks/draw.hpp"
#include "deltanet/tasks/task.hpp"

namespace deltanet {

/// Sizes of MAD's in-context recall; the defaults are those of its plain form, at length 128.
struct InContextRecallConfig {
  Index vocab_size = 16;       // keys, values, noise, in this order; fuzzy recall has a last token for padding
  Index noise_vocab_size = 0;  // 16 of 32 in noisy recall
  double noise_share = 0;      // of the pairs: 0.2 in noisy recall
  Index key_motif_size = 1;    // most tokens of a key: 3 in fuzzy recall
  Index value_motif_size = 1;  // most tokens of a value: 3 in fuzzy recall
  bool variable_keys = true;   // keys of 1 .. key_motif_size tokens; false: all of the most, as MAD tests

  [[nodiscard]] bool fuzzy() const { return key_motif_size > 1 || value_motif_size > 1; }
  [[nodiscard]] Index pair_size() const { return key_motif_size + value_motif_size; }
  [[nodiscard]] Index least_length() const { return 2 * pair_size() - 1; }
  /// Tokens that keys are made of, from 0 on, and that values are made of, thereafter.
  [[nodiscard]] Index key_tokens() const { return (vocab_size - noise_vocab_size - fuzzy()) / 2; }
  [[nodiscard]] Index value_tokens() const { return vocab_size - noise_vocab_size - fuzzy() - key_tokens(); }

  void validate() const {
    expect(key_motif_size > 0 && value_motif_size > 0, "motifs: expected at least 1 token, got ", key_motif_size, " and ",
           value_motif_size);
    expect(noise_vocab_size >= 0 && key_tokens() >= key_motif_size && value_tokens() >= value_motif_size,
           "vocab_size: expected at least ", 2 * std::max(key_motif_size, value_motif_size) + noise_vocab_size + fuzzy(),
           " for these motifs and ", noise_vocab_size, " tokens of noise, got ", vocab_size);
    expect(noise_share >= 0 && noise_share < 1, "noise_share: expected a value in [0, 1), got ", noise_share);
    expect(noise_share == 0 || noise_vocab_size > 0, "noise_vocab_size: expected at least 1 where there is noise, got 0");
  }
};

/// A sequence of keys and their values, each key with the same value throughout; wherever a key comes again, its value is asked
/// for. Noisy: some pairs are tokens of noise. Fuzzy: keys and values are motifs of several different tokens, so that what is
/// to be looked up has to be put together first.
///
///   tokens   k1 v1 k2 v2 x x k1 v1 ..
///   targets  -  -  -  -  - - v1 -  ..
///
/// MAD's generate_in_context_recall_instance and its noisy and fuzzy kin (Poli et al., 2403.17844) with multi_query. The last
/// pair is always a repeated one, drawn from the keys seen. A sequence whose motifs leave a gap starts with padding, the last
/// token of the vocabulary. Tokens [B, T], T >= config.least_length(). O(B T log T).
inline TaskBatch in_context_recall(const InContextRecallConfig& config, Random& random, Index batch, Index length) {
  config.validate();
  expect(length >= config.least_length(), "length: expected at least ", config.least_length(),
         " for a pair and its question, got ", length);
  using Motif = std::vector<std::int32_t>;
  const Index keys = config.key_tokens(), values = config.value_tokens(), pair_size = config.pair_size();
  const auto draw_motif = [&](Index size, Index first, Index bound) {
    Motif motif;
    for (const Index token : draw_distinct(random, size, bound)) motif.push_back(static_cast<std::int32_t>(first + token));
    return motif;
  };
  TaskBatch result = empty_task_batch(batch, length);
  for (Index b = 0; b < batch; ++b) {
    std::map<Motif, Motif> pairs;
    std::vector<Motif> seen;
    Motif stream;
    std::vector<bool> asked;
    const auto put = [&](const Motif& motif, bool ask) {
      stream.insert(stream.end(), motif.begin(), motif.end());
      asked.insert(asked.end(), motif.size(), ask);
    };
    const auto room = [&] { return length + 1 - static_cast<Index>(stream.size()); };
    while (room() >= 2 * pair_size) {  // one pair more, and the last
      const Index key_size = config.variable_keys ? 1 + random.below(config.key_motif_size) : config.key_motif_size;
      const Index value_size = 1 + random.below(config.value_motif_size);
      const bool last_chance = seen.empty() && room() < 3 * pair_size;
      if (!last_chance && draw_chance(random, config.noise_share)) {
        for (Index i = 0; i < key_size + value_size; ++i)
          put({static_cast<std::int32_t>(keys + values + random.below(config.noise_vocab_size))}, false);
        continue;
      }
      const Motif key = draw_motif(key_size, 0, keys);
      const bool repeated = pairs.contains(key);
      if (!repeated) {
        pairs[key] = draw_motif(value_size, keys, values);
        seen.push_back(key);
      }
      put(key, false);
      put(pairs[key], repeated);
    }
    const Motif& key = draw_one(random, seen);
    put(key, false);
    put(pairs[key], true);
    const auto left = static_cast<std::size_t>(room());
    if (config.fuzzy()) {
      stream.insert(stream.begin(), left, static_cast<std::int32_t>(config.vocab_size - 1));
      asked.insert(asked.begin(), left, false);
    } else if (left > 0) {
      put(draw_motif(1, 0, keys), false);  // a key of which nothing more is seen
    }
    put_stream(result, b, stream, asked);
  }
  return result;
}

/// in_context_recall as a task. Chance is that of any value token.
inline TokenTask in_context_recall_task(const std::string& name, const InContextRecallConfig& config, Index train_length,
                                        const std::vector<Index>& test_lengths) {
  config.validate();
  return {.name = name,
          .description = "keys with their values, and again: say the value of a key seen before",
          .source = "MAD (arXiv 2403.17844), instances.py, multi_query",
          .vocab_size = config.vocab_size,
          .train_length = train_length,
          .test_lengths = test_lengths,
          .chance = 1 / static_cast<double>(config.value_tokens()),
          .generate = with_settings(config, in_context_recall)};
}

}  // namespace deltanet
