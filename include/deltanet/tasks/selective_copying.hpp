#pragma once

#include <cmath>

#include "deltanet/tasks/draw.hpp"
#include "deltanet/tasks/task.hpp"

namespace deltanet {

/// Sizes of selective copying; the defaults are MAD's, at length 256.
struct SelectiveCopyingConfig {
  Index vocab_size = 16;  // the last two are the blank and the sign to copy
  Index num_tokens = 16;  // n, to be copied

  [[nodiscard]] Index least_length() const { return 2 * num_tokens + 1; }
  [[nodiscard]] std::int32_t blank() const { return static_cast<std::int32_t>(vocab_size - 2); }
  [[nodiscard]] std::int32_t copy() const { return static_cast<std::int32_t>(vocab_size - 1); }
};

/// Tokens among blanks, to be said in order when the sign to copy has come: what to keep has to be chosen by content, since no
/// distance is fixed.
///
///   tokens   3 _ _ 7 _ 1 > _ _ _
///   targets  - - - - - - - 3 7 1
///
/// MAD's generate_selective_copying_instance (Poli et al., 2403.17844): each blank stands before one of the n tokens, whichever
/// alike. Tokens [B, T], T >= config.least_length(). O(B T).
inline TaskBatch selective_copying(const SelectiveCopyingConfig& config, Random& random, Index batch, Index length) {
  const Index n = config.num_tokens;
  expect(config.vocab_size > 3, "vocab_size: expected at least 4, of which 2 are a blank and a sign, got ", config.vocab_size);
  expect(n > 0, "num_tokens: expected at least 1, got ", n);
  expect(length >= config.least_length(), "length: expected at least ", config.least_length(), " to copy ", n, " tokens, got ",
         length);
  TaskBatch result = empty_task_batch(batch, length);
  result.tokens.setConstant(config.blank());
  for (Index b = 0; b < batch; ++b) {
    const std::vector<Index> before =
        draw_sorted(random, length - config.least_length(), n);  // which token each blank precedes
    std::size_t blanks = 0;
    for (Index i = 0; i < n; ++i) {
      while (blanks < before.size() && before[blanks] <= i) ++blanks;
      const auto token = static_cast<std::int32_t>(random.below(config.vocab_size - 2));
      result.tokens(b, i + static_cast<Index>(blanks)) = token;
      result.targets(b, length - n + i) = token;
    }
    result.tokens(b, length - n - 1) = config.copy();
  }
  return result;
}

/// selective_copying as a task. Its dial is the number of tokens to copy.
inline TokenTask selective_copying_task(const std::string& name, const SelectiveCopyingConfig& config, Index train_length,
                                        const std::vector<Index>& test_lengths, const std::vector<double>& tokens) {
  TokenTask task{.name = name,
                 .description = "tokens among blanks: say them in order after the sign to copy",
                 .source = "MAD (arXiv 2403.17844), instances.py",
                 .vocab_size = config.vocab_size,
                 .train_length = train_length,
                 .test_lengths = test_lengths,
                 .chance = 1 / static_cast<double>(config.vocab_size - 2)};
  task.generate = with_settings(config, selective_copying);
  task.dial = {"tokens", tokens, [config](Random& random, Index batch, Index length, double setting) {
                 SelectiveCopyingConfig dialled = config;
                 dialled.num_tokens = std::lround(setting);
                 return selective_copying(dialled, random, batch, length);
               }};
  return task;
}

}  // namespace deltanet
