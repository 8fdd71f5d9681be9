#pragma once

#include "deltanet/tasks/task.hpp"

namespace deltanet {

/// Sizes of compression; the default is MAD's vocabulary.
struct CompressionConfig {
  Index vocab_size = 16;  // the last is the sign to unpack
};

/// Random tokens that no rule makes shorter, all to be said again in order after a sign: how much a state holds.
///
///   tokens   3 7 1 9 > > > >
///   targets  - - - - 3 7 1 9
///
/// After MAD's compression (Poli et al., 2403.17844), where the features at the sign alone go to a decoder of its own, an MLP
/// that is told the position asked for; a causal model that has logits alone is asked in order instead, and what it can draw on
/// is its state after the sign, not one vector. Not comparable to MAD's numbers.
///
/// Tokens [B, T]: T / 2 of them, as many signs; one sign more, and nothing asked there, where T is odd. O(B T).
inline TaskBatch compression(const CompressionConfig& config, Random& random, Index batch, Index length) {
  expect(config.vocab_size > 2, "vocab_size: expected at least 3, one of which is a sign, got ", config.vocab_size);
  expect(length > 1, "length: expected at least 2, a token and a sign, got ", length);
  const Index n = length / 2;
  TaskBatch result = empty_task_batch(batch, length);
  result.tokens.setConstant(static_cast<std::int32_t>(config.vocab_size - 1));
  for (Index b = 0; b < batch; ++b)
    for (Index i = 0; i < n; ++i)
      result.tokens(b, i) = result.targets(b, n + i) = static_cast<std::int32_t>(random.below(config.vocab_size - 1));
  return result;
}

/// compression as a task; longer is harder.
inline TokenTask compression_task(const std::string& name, const CompressionConfig& config, Index train_length,
                                  const std::vector<Index>& test_lengths) {
  return {.name = name,
          .description = "random tokens: say them all again, in order",
          .source = "after MAD (arXiv 2403.17844), instances.py",
          .vocab_size = config.vocab_size,
          .train_length = train_length,
          .test_lengths = test_lengths,
          .chance = 1 / static_cast<double>(config.vocab_size - 1),
          .generate = with_settings(config, compression)};
}

}  // namespace deltanet
