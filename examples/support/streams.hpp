#pragma once

#include "deltanet/training/trainer.hpp"
#include "support/corpus.hpp"

namespace example {

/// Reads the training text at `batch` places at once, evenly spread, each going on where it stopped and around the end: a model
/// whose state is carried from step to step reads each place as one endless text. Its whole state is one number, `offset`.
class Streams {
 public:
  Index offset = 0;  // bytes that each place has moved on

  Streams(const Corpus& corpus, const Recipe& recipe) : corpus_(corpus), batch_(recipe.batch), seq_len_(recipe.seq_len) {}

  /// The next `seq_len` bytes of each place, and for each byte the one that follows.
  deltanet::Batch next() {
    deltanet::Batch batch{{batch_, seq_len_}, {batch_, seq_len_}};
    for (Index b = 0; b < batch_; ++b)
      for (Index t = 0; t < seq_len_; ++t) {
        const Index place = b * (corpus_.train_size / batch_) + offset + t;
        batch.tokens(b, t) = byte(place);
        batch.targets(b, t) = byte(place + 1);
      }
    offset += seq_len_;
    return batch;
  }

 private:
  std::int32_t byte(Index place) const {
    return static_cast<unsigned char>(corpus_.text[static_cast<std::size_t>(place % corpus_.train_size)]);
  }

  const Corpus& corpus_;
  Index batch_, seq_len_;
};

}  // namespace example
