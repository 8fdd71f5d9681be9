#pragma once

#include <cmath>
#include <unordered_set>

#include "deltanet/tasks/draw.hpp"
#include "deltanet/tasks/task.hpp"

namespace deltanet {

/// Sizes of multi-query associative recall; the defaults are the paper's.
struct AssociativeRecallConfig {
  Index vocab_size = 8192;
  Index num_pairs = 8;     // n, different keys
  Index num_rewrites = 0;  // r, keys that are written again with another value
  double power = 0.01;     // a: how soon questions come; 1 is anywhere alike
  bool random_filler = true;

  /// The pairs, and a place for each question.
  [[nodiscard]] Index least_length() const { return 2 * (num_pairs + num_rewrites) + 2 * num_pairs; }

  void validate() const {
    expect(num_pairs > 0, "num_pairs: expected at least 1, got ", num_pairs);
    expect_range<Index>("num_rewrites", num_rewrites, 0, num_pairs);
    expect(power > 0, "power: expected a positive number, got ", power);
    expect(vocab_size / 2 > num_pairs, "vocab_size: expected at least ", 2 * num_pairs + 2, ", half of it keys, for ",
           num_pairs, " pairs, got ", vocab_size);
  }
};

/// Multi-query associative recall: key-value pairs, some keys written again, and later each key once more, which asks for the
/// value it was given last. What the delta rule is for: with rewrites, a memory that can only add answers with both values.
///
///   tokens   k1 v1 k2 v2 .. | k2 v2' .. | x x k2 x k1 x x x ..
///   targets  -  -  -  -     | -  -      | - - v2' - v1 - - -        n pairs, r rewrites, then questions 2 gap_i tokens on
///
/// Zoology's multiquery_ar.py and forgetting_mqar.py (Arora et al., 2312.04927): keys from 1 .. V/2 - 1, values from
/// V/2 .. V - 1, neither repeated (a rewrite takes any other value), gaps drawn without repetition with p(gap) ~ (gap +
/// 1)^(a-1). Unlike there, the random tokens between questions are never keys of the sequence, so that nothing is written by
/// accident and a small vocabulary can be used; `random_filler = false` makes them 0.
///
/// Tokens [B, T], T >= config.least_length(). O(B (V + T log T)).
inline TaskBatch associative_recall(const AssociativeRecallConfig& config, Random& random, Index batch, Index length) {
  config.validate();
  const Index n = config.num_pairs, r = config.num_rewrites, V = config.vocab_size, context = 2 * (n + r);
  expect(length >= config.least_length(), "length: expected at least ", config.least_length(), " for ", n, " pairs and ", r,
         " rewrites, got ", length);
  std::vector<double> weights;  // of the gaps
  for (Index gap = 0; gap < (length - context) / 2; ++gap)
    weights.push_back(std::pow(static_cast<double>(gap + 1), config.power - 1));

  TaskBatch result = empty_task_batch(batch, length);
  for (Index b = 0; b < batch; ++b) {
    std::vector<Index> keys = draw_distinct(random, n, V / 2 - 1);
    for (Index& key : keys) ++key;  // 0 is the filler
    std::vector<Index> values = draw_distinct(random, n, V - V / 2);
    Index t = 0;
    const auto write = [&](Index pair) {
      result.tokens(b, t++) = static_cast<std::int32_t>(keys[static_cast<std::size_t>(pair)]);
      result.tokens(b, t++) = static_cast<std::int32_t>(V / 2 + values[static_cast<std::size_t>(pair)]);
    };
    for (Index pair = 0; pair < n; ++pair) write(pair);
    for (const Index pair : draw_distinct(random, r, n)) {
      Index& value = values[static_cast<std::size_t>(pair)];
      value = (value + 1 + random.below(V - V / 2 - 1)) % (V - V / 2);
      write(pair);
    }
    const std::vector<Index> gaps = draw_distinct(random, n, weights);
    for (std::size_t pair = 0; pair < keys.size(); ++pair) {
      const Index place = context + 2 * gaps[pair];
      result.tokens(b, place) = static_cast<std::int32_t>(keys[pair]);
      result.targets(b, place) = static_cast<std::int32_t>(V / 2 + values[pair]);
    }
    if (!config.random_filler) continue;
    const std::unordered_set<Index> taken(keys.begin(), keys.end());
    for (t = context; t < length; ++t) {
      if (result.tokens(b, t) != 0) continue;
      Index filler;
      do {
        filler = random.below(V);
      } while (taken.contains(filler));
      result.tokens(b, t) = static_cast<std::int32_t>(filler);
    }
  }
  return result;
}

/// associative_recall as a task. Its dial is the number of pairs; a share of them as large as in `config` is written again.
inline TokenTask associative_recall_task(const std::string& name, const AssociativeRecallConfig& config, Index train_length,
                                         const std::vector<Index>& test_lengths, const std::vector<double>& pairs) {
  config.validate();
  TokenTask task{.name = name,
                 .description = config.num_rewrites == 0
                                    ? "key-value pairs, then every key again: say its value"
                                    : "key-value pairs, some written again, then every key: say its last value",
                 .source = "Zoology (arXiv 2312.04927), multiquery_ar.py and forgetting_mqar.py",
                 .vocab_size = config.vocab_size,
                 .train_length = train_length,
                 .test_lengths = test_lengths,
                 .chance = 1 / static_cast<double>(config.num_pairs)};  // any of the values in sight
  task.generate = with_settings(config, associative_recall);
  task.dial = {"pairs", pairs, [config](Random& random, Index batch, Index length, double setting) {
                 AssociativeRecallConfig dialled = config;
                 dialled.num_pairs = std::lround(setting);
                 dialled.num_rewrites = dialled.num_pairs * config.num_rewrites / config.num_pairs;
                 return associative_recall(dialled, random, batch, length);
               }};
  return task;
}

}  // namespace deltanet
