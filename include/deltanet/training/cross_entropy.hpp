#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "deltanet/core/check.hpp"
#include "deltanet/core/threads.hpp"

namespace deltanet {

/// The mean loss of the positions that count, in nats, and how many those are. The mean of none is 0.
struct MeanLoss {
  double loss = 0;
  Index count = 0;

  /// The loss in bits a token: nats / ln 2.
  [[nodiscard]] double bits() const { return loss * 1.4426950408889634074; }
};

namespace detail {

/// Rows of logits that one thread does at a time; a constant, so that sums do not depend on the number of threads.
inline constexpr Index loss_rows = 64;

/// Checks the targets and returns how many of them count.
inline Index count_targets(const View<const std::int32_t, 2>& targets, Index vocabulary) {
  Index count = 0;
  for (Index i = 0; i < targets.size(); ++i) {
    const std::int32_t target = targets.data[i];
    if (target == ignore_index) continue;
    expect(target >= 0 && target < vocabulary, "targets: expected ", ignore_index, " or a token in [0, ", vocabulary, "), got ",
           target, " at flat index ", i);
    ++count;
  }
  return count;
}

}  // namespace detail

/// Cross-entropy of softmax(logits) with the target tokens, and in place of the logits its gradient:
///
///   loss    = 1/n sum_i (log sum_j exp(z_ij) - z_i,y_i)      over the n positions whose target is not `ignore_index`
///   dz_ij   = 1/n (softmax(z_i)_j - [j = y_i]),              0 where the target is `ignore_index`
///
/// The largest logit of each row is subtracted before exp, so that any finite logits are safe.
///
/// logits [B, T, V], targets [B, T] in [0, V) or `ignore_index`. Sums are formed in double over fixed pieces of rows: the
/// result is the same for any number of threads. O(B T V), allocates one number a piece.
template <Real T>
MeanLoss cross_entropy_in_place(View<T, 3> logits, View<const std::int32_t, 2> targets) {
  const FlushToZero flush;
  const Index vocabulary = logits.shape[2];
  expect_shape("targets", targets, {{"B", logits.shape[0]}, {"T", logits.shape[1]}});
  const Index count = detail::count_targets(targets, vocabulary);
  const Index pieces = (targets.size() + detail::loss_rows - 1) / detail::loss_rows;
  const T weight = count == 0 ? T(0) : T(1) / static_cast<T>(count);
  MatrixMap<T> z = logits.rows();  // [B * T, V]
  detail::PoolVector<double> losses(static_cast<std::size_t>(pieces), 0.0);
  parallel_for(pieces, [&](Index piece) {
    const Index end = std::min(targets.size(), (piece + 1) * detail::loss_rows);
    double sum = 0;
    for (Index i = piece * detail::loss_rows; i < end; ++i) {
      auto row = z.row(i).array();
      const std::int32_t target = targets.data[i];
      if (target == ignore_index) {
        row.setZero();
        continue;
      }
      row -= row.maxCoeff();
      const T target_logit = row[target];
      row = row.exp();
      const T total = row.sum();  // in [1, V]
      sum += std::log(static_cast<double>(total)) - static_cast<double>(target_logit);
      row *= weight / total;
      row[target] -= weight;
    }
    losses[static_cast<std::size_t>(piece)] = sum;
  });
  double sum = 0;
  for (const double loss : losses) sum += loss;
  return {count == 0 ? 0 : sum / static_cast<double>(count), count};
}

/// The mean loss with its gradient by the logits.
template <Real T>
struct CrossEntropy {
  MeanLoss mean;
  Tensor<T, 3> dlogits;  // [B, T, V]
};

/// As `cross_entropy_in_place`, leaving the logits alone.
template <Real T>
CrossEntropy<T> cross_entropy(View<const T, 3> logits, View<const std::int32_t, 2> targets) {
  CrossEntropy<T> result{{}, Tensor<T, 3>(logits.shape)};
  rows(result.dlogits) = logits.rows();
  result.mean = cross_entropy_in_place<T>(result.dlogits, targets);
  return result;
}

}  // namespace deltanet
