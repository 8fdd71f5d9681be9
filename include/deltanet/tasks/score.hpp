#pragma once

#include <algorithm>

#include "deltanet/tasks/task.hpp"

namespace deltanet {

/// How many questions were answered, and in how many sequences all of them.
struct Score {
  Index asked = 0;      // positions with a target
  Index correct = 0;    // of those
  Index sequences = 0;  // with at least one target
  Index exact = 0;      // of those, all correct: what a greedy decoder would get right

  /// Share of the positions that are correct; of none, 0.
  [[nodiscard]] double accuracy() const { return share(correct, asked); }
  /// Share of the sequences that are correct as a whole; of none, 0.
  [[nodiscard]] double exact_match() const { return share(exact, sequences); }
  /// (accuracy - chance) / (1 - chance): 0 for a guess, 1 for a perfect answer, as in Grazzi et al. (2411.12537).
  [[nodiscard]] double scaled_accuracy(double chance) const { return (accuracy() - chance) / (1 - chance); }

  Score& operator+=(const Score& other) {
    asked += other.asked;
    correct += other.correct;
    sequences += other.sequences;
    exact += other.exact;
    return *this;
  }

 private:
  static double share(Index part, Index whole) {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
  }
};

/// Scores predicted tokens [B, T] by targets [B, T]; positions with `ignore_index` do not count.
inline Score score(View<const std::int32_t, 2> predicted, View<const std::int32_t, 2> targets) {
  const auto [B, T] = targets.shape;
  expect_shape("predicted", predicted, {{"B", B}, {"T", T}});
  Score result;
  for (Index b = 0; b < B; ++b) {
    Index asked = 0, correct = 0;
    for (Index i = b * T; i < (b + 1) * T; ++i) {
      if (targets.data[i] == ignore_index) continue;
      ++asked;
      correct += predicted.data[i] == targets.data[i];
    }
    result += {asked, correct, asked > 0, asked > 0 && correct == asked};
  }
  return result;
}

/// The token of the largest logit at each position, the first of several: [B, T, V] -> [B, T]. Throws where a logit is not a
/// finite number.
template <Real T>
Tensor<std::int32_t, 2> greedy_tokens(View<const T, 3> logits) {
  expect(logits.shape[2] > 0, "logits: expected a vocabulary, got ", detail::shape_text(logits.shape));
  expect_finite("logits", logits);
  Tensor<std::int32_t, 2> tokens(logits.shape[0], logits.shape[1]);
  for (Index i = 0; i < tokens.size(); ++i) {
    const T* row = logits.data + i * logits.shape[2];
    tokens.data()[i] = static_cast<std::int32_t>(std::max_element(row, row + logits.shape[2]) - row);
  }
  return tokens;
}

}  // namespace deltanet
