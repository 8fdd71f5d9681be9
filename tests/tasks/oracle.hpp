#pragma once

#include <functional>
#include <vector>

#include "deltanet/tasks/score.hpp"
#include "support/catch.hpp"

namespace deltanet::test {

/// Says the next answer from the tokens that came so far, the last of them the one asked at.
using Oracle = std::function<std::int32_t(const std::vector<std::int32_t>& past)>;

/// What an oracle says wherever something is asked. It is shown the past alone.
inline Score score_of(const Oracle& oracle, const TaskBatch& batch) {
  const Index B = batch.tokens.dimension(0), T = batch.tokens.dimension(1);
  Tensor<std::int32_t, 2> said(B, T);
  said.setZero();
  for (Index b = 0; b < B; ++b) {
    std::vector<std::int32_t> past;
    for (Index t = 0; t < T; ++t) {
      past.push_back(batch.tokens(b, t));
      if (batch.targets(b, t) != ignore_index) said(b, t) = oracle(past);
    }
  }
  return score(said, batch.targets);
}

/// Every token and target is of the vocabulary, something is asked in each sequence, and the oracle answers all of it.
inline void check_oracle(const Oracle& oracle, const TaskBatch& batch, Index vocab_size) {
  for (Index i = 0; i < batch.tokens.size(); ++i) {
    const std::int32_t token = batch.tokens.data()[i], target = batch.targets.data()[i];
    if (token < 0 || token >= vocab_size) FAIL_CHECK("token " << token << " at " << i);
    if (target != ignore_index && (target < 0 || target >= vocab_size)) FAIL_CHECK("target " << target << " at " << i);
  }
  const Score all = score_of(oracle, batch);
  CHECK(all.sequences == batch.tokens.dimension(0));
  CHECK(all.correct == all.asked);
  CHECK(all.exact == all.sequences);
}

/// Positions where something is asked, and all that were ever asked there.
inline Index asked_in(const TaskBatch& batch, Index b) {
  Index asked = 0;
  for (Index t = 0; t < batch.targets.dimension(1); ++t) asked += batch.targets(b, t) != ignore_index;
  return asked;
}

inline bool same(const Tensor<std::int32_t, 2>& a, const Tensor<std::int32_t, 2>& b) {
  return a.dimensions() == b.dimensions() && std::equal(a.data(), a.data() + a.size(), b.data());
}

/// The bytes of a sequence as text.
inline std::string text_of(const std::vector<std::int32_t>& tokens) {
  std::string text;
  for (const std::int32_t token : tokens) text += static_cast<char>(token);
  return text;
}

}  // namespace deltanet::test
