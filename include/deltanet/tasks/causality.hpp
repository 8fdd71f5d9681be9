#pragma once

#include <algorithm>
#include <optional>

#include "deltanet/tasks/regression.hpp"
#include "deltanet/tasks/task.hpp"

namespace deltanet {

/// A prediction that saw the future: it changed when only a later input did.
struct CausalityLeak {
  Index sequence;   // b
  Index predicted;  // the first position whose prediction changed
  Index changed;    // the position from which on the inputs were changed, later than `predicted`
};

namespace detail {

/// Where `first` and `second`, [B, T, ..], first differ in any bit before position `end`.
template <class Predictions>
std::optional<CausalityLeak> first_difference(const Predictions& first, const Predictions& second, Index end) {
  const Index B = first.dimension(0), T = first.dimension(1), width = first.size() / std::max<Index>(B * T, 1);
  for (Index b = 0; b < B; ++b)
    for (Index i = b * T * width; i < (b * T + end) * width; ++i)
      if (first.data()[i] != second.data()[i] && (first.data()[i] == first.data()[i] || second.data()[i] == second.data()[i]))
        return CausalityLeak{b, i / width - b * T, end};
  return {};
}

/// Calls predict(changed) for `trials` points of time, `change(inputs, t)` having changed all inputs from t on.
template <class Predict, class Inputs, class Change>
std::optional<CausalityLeak> find_leak(const Predict& predict, const Inputs& inputs, Random& random, Index trials,
                                       const Change& change) {
  const Index T = inputs.dimension(1);
  expect(trials > 0, "trials: expected at least 1, got ", trials);
  expect(T > 1, "inputs: expected at least 2 positions, got ", T);
  const auto before = predict(inputs);
  for (Index trial = 0; trial < trials; ++trial) {
    // The last position first: a leak of one step shows there. Then the second, where all but one input changes.
    const Index t = trial == 0 ? T - 1 : trial == 1 ? 1 : 1 + random.below(T - 1);
    Inputs changed = inputs;
    change(changed, t);
    if (const auto leak = first_difference(before, predict(changed), t)) return leak;
  }
  return {};
}

}  // namespace detail

/// Whether a predictor of tokens uses tokens that come later: the tokens from some position on are drawn anew, and what it
/// predicts before that position must stay the same to the last bit.
///
/// predict(tokens [B, T]) -> [B, T] tokens or [B, T, V] logits; logits show more. Nothing is returned where no leak was found
/// at `trials` positions. Calls predict trials + 1 times.
template <class Predict>
std::optional<CausalityLeak> find_causality_leak(const Predict& predict, const Tensor<std::int32_t, 2>& tokens,
                                                 Index vocab_size, Random& random, Index trials = 8) {
  expect(vocab_size > 1, "vocab_size: expected at least 2, got ", vocab_size);
  return detail::find_leak(predict, tokens, random, trials, [&](Tensor<std::int32_t, 2>& changed, Index t) {
    for (Index b = 0; b < changed.dimension(0); ++b)
      for (Index later = t; later < changed.dimension(1); ++later)  // another token each
        changed(b, later) = static_cast<std::int32_t>((changed(b, later) + 1 + random.below(vocab_size - 1)) % vocab_size);
  });
}

/// The same of a predictor of numbers.
inline std::optional<CausalityLeak> find_causality_leak(const RegressionPredictor& predict, const Tensor<double, 3>& inputs,
                                                        Random& random, Index trials = 8) {
  return detail::find_leak(predict, inputs, random, trials, [&](Tensor<double, 3>& changed, Index t) {
    const Index D = changed.dimension(2);
    for (Index b = 0; b < changed.dimension(0); ++b)
      for (Index later = t; later < changed.dimension(1); ++later)
        for (Index d = 0; d < D; ++d) changed(b, later, d) += random.normal();
  });
}

}  // namespace deltanet
