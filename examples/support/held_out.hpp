#pragma once

#include "deltanet/training/cross_entropy.hpp"
#include "support/corpus.hpp"
#include "support/plan.hpp"

namespace example {

struct HeldOut {
  Index bytes = 0;  // that were read
  double bits = 0;  // per byte
  double seconds = 0;
};

/// Reads the held-out text from its first byte on, as one stream with the state carried along, and charges for each byte the
/// bits that the model would need to write it. Stops early once `seconds` are over, and after `most` bytes.
template <class Model>
HeldOut read_held_out(const Model& model, const Corpus& corpus, double seconds, Index most) {
  constexpr Index window = 2048;
  const Stopwatch watch;
  HeldOut result;
  double bits = 0;
  auto state = model.initial_state(1);
  const Index size = std::min(corpus.held_out_size(), most);
  while (result.bytes < size && watch.seconds() < seconds) {
    const Index n = std::min(window, size - result.bytes);
    deltanet::Tensor<std::int32_t, 2> tokens(1, n), targets(1, n);
    for (Index t = 0; t < n; ++t) {
      const auto place = static_cast<std::size_t>(corpus.train_size + result.bytes + t);
      tokens(0, t) = static_cast<unsigned char>(corpus.text[place - 1]);
      targets(0, t) = static_cast<unsigned char>(corpus.text[place]);
    }
    auto logits = model.forward(tokens, &state);
    bits += deltanet::cross_entropy_in_place<typename Model::Scalar>(logits, targets).bits() * static_cast<double>(n);
    result.bytes += n;
  }
  if (result.bytes > 0) result.bits = bits / static_cast<double>(result.bytes);
  result.seconds = watch.seconds();
  return result;
}

}  // namespace example
