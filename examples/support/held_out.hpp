#pragma once

#include "deltanet/training/trainer.hpp"
#include "support/corpus.hpp"
#include "support/progress.hpp"

namespace example {

struct HeldOut {
  Index bytes = 0;  // that were read
  double bits = 0;  // per byte
  double seconds = 0;
};

/// Reads the held-out text from its first byte on, in windows of `window` bytes, and charges for each byte what `bits(batch)`
/// says that a byte of the window costs on average. Stops early once `seconds` are over, and after `most` bytes.
template <class Bits>
HeldOut read_windows(const Corpus& corpus, Index window, double seconds, Index most, const Bits& bits) {
  const Stopwatch watch;
  HeldOut result;
  double sum = 0;
  const Index size = std::min(corpus.held_out_size(), most);
  while (result.bytes < size && watch.seconds() < seconds) {
    const Index n = std::min(window, size - result.bytes);
    deltanet::Batch batch{{1, n}, {1, n}};
    for (Index t = 0; t < n; ++t) {
      const auto place = static_cast<std::size_t>(corpus.train_size + result.bytes + t);
      batch.tokens(0, t) = static_cast<unsigned char>(corpus.text[place - 1]);
      batch.targets(0, t) = static_cast<unsigned char>(corpus.text[place]);
    }
    sum += bits(batch) * static_cast<double>(n);
    result.bytes += n;
  }
  if (result.bytes > 0) result.bits = sum / static_cast<double>(result.bytes);
  result.seconds = watch.seconds();
  return result;
}

/// Charges for each byte the bits that the model would need to write it. The text is one stream with the state carried along.
template <class Model>
HeldOut read_held_out(const Model& model, const Corpus& corpus, double seconds, Index most) {
  auto state = model.initial_state(1);
  return read_windows(corpus, 2048, seconds, most, [&](const deltanet::Batch& batch) {
    auto logits = model.forward(batch.tokens, &state);
    return deltanet::cross_entropy_in_place<typename Model::Scalar>(logits, batch.targets).bits();
  });
}

/// The same, but the weights learn from each window once it was charged for, one step of training at the learning rate `lr`:
/// dynamic evaluation (Krause et al., arXiv 1709.07432). The model and its trainer are copies; neither is changed outside.
template <class Model>
HeldOut learn_held_out(Model model, deltanet::Trainer<Model> trainer, const Corpus& corpus, Index window, double lr,
                       double seconds, Index most, Progress* progress = nullptr) {
  trainer.config.schedule = {.peak = lr, .floor = lr, .warmup = 0};
  auto state = model.initial_state(1);
  const Stopwatch watch;
  Index windows = 0, bytes = 0;
  const HeldOut result = read_windows(corpus, window, seconds, most, [&](const deltanet::Batch& batch) {
    const double bits = trainer.step(model, batch, 0, &state).loss.bits();
    bytes += batch.tokens.size();
    const double rest = watch.seconds() * static_cast<double>(most - bytes) / static_cast<double>(bytes);
    ++windows;
    if (progress) progress->count(windows, bits, batch.tokens.size(), std::min(rest, seconds - watch.seconds()));
    return bits;
  });
  if (progress) progress->finish(windows);
  return result;
}

}  // namespace example
