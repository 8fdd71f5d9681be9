#pragma once

#include "deltanet/core/random.hpp"
#include "deltanet/training/trainer.hpp"
#include "support/corpus.hpp"
#include "support/options.hpp"

namespace example {

/// The text of a recipe. Throws UsageError as the other read_corpus does, and if too little is left to train.
inline Corpus read_corpus(const Recipe& recipe) {
  Corpus corpus = read_corpus(recipe.data, "--data", recipe.held_out);
  if (corpus.train_size <= recipe.seq_len)
    throw UsageError("the text has " + std::to_string(corpus.train_size) + " bytes to train on; expected more than --seq-len " +
                     std::to_string(recipe.seq_len));
  return corpus;
}

/// The next batch: `recipe.batch` windows of `recipe.seq_len` bytes from random places of the training text, and for each byte
/// the one that follows.
inline deltanet::Batch draw_windows(const Corpus& corpus, const Recipe& recipe, deltanet::Random& random) {
  const auto byte = [&](Index place) {
    return static_cast<std::int32_t>(static_cast<unsigned char>(corpus.text[static_cast<std::size_t>(place)]));
  };
  deltanet::Batch batch{{recipe.batch, recipe.seq_len}, {recipe.batch, recipe.seq_len}};
  for (Index b = 0; b < recipe.batch; ++b) {
    const Index start = random.below(corpus.train_size - recipe.seq_len);
    for (Index t = 0; t < recipe.seq_len; ++t) {
      batch.tokens(b, t) = byte(start + t);
      batch.targets(b, t) = byte(start + t + 1);
    }
  }
  return batch;
}

}  // namespace example
