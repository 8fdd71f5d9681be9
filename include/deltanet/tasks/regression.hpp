#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "deltanet/core/check.hpp"
#include "deltanet/core/random.hpp"
#include "deltanet/core/zeros.hpp"

namespace deltanet {

/// Sequences of numbers whose law has to be found, and followed, while reading them.
struct RegressionBatch {
  Tensor<double, 3> inputs;         // [B, T, D]: what is known when the prediction at t is made, the truth of t - 1 included
  Tensor<double, 3> targets;        // [B, T, D']
  Tensor<std::int32_t, 2> regimes;  // [B, T]: which of the sequence's hidden laws holds, numbered from 0 as they are drawn
};

/// Predicts [B, T, D'] from inputs [B, T, D]; prediction t may use inputs 0 .. t alone.
using RegressionPredictor = std::function<Tensor<double, 3>(View<const double, 3> inputs)>;

/// A classical method to be measured by, set as well as the task's hidden settings allow.
struct RegressionOracle {
  std::string name{};  // "Kalman filter"
  RegressionPredictor predict{};
};

/// A regression task, whatever it is; see TokenTask (task.hpp).
struct RegressionTask {
  std::string name{};
  std::string description{};
  std::string source{};
  Index input_size = 0;   // D
  Index target_size = 0;  // D'
  Index train_length = 0;
  std::vector<Index> test_lengths{};
  double noise_floor = 0;  // mean squared error, of one target, of who knows the law
  std::function<RegressionBatch(Random& random, Index batch, Index length)> generate{};
  std::vector<RegressionOracle> oracles{};
};

/// A batch of zeros under law 0.
inline RegressionBatch empty_regression_batch(Index batch, Index length, Index input_size, Index target_size) {
  expect(batch > 0, "batch: expected at least 1, got ", batch);
  expect(length > 0, "length: expected at least 1, got ", length);
  return {zeros<double>(batch, length, input_size), zeros<double>(batch, length, target_size),
          zeros<std::int32_t>(batch, length)};
}

/// Mean over batch and D' of the squared error at each position, [T].
inline Vector<double> squared_error_by_position(View<const double, 3> predictions, View<const double, 3> targets) {
  const auto [B, T, D] = targets.shape;
  expect_shape("predictions", predictions, {{"B", B}, {"T", T}, {"D'", D}});
  expect_finite("predictions", predictions);
  Vector<double> errors = Vector<double>::Zero(T);
  for (Index b = 0; b < B; ++b) errors += (predictions.rows() - targets.rows()).middleRows(b * T, T).rowwise().squaredNorm();
  return errors / static_cast<double>(B * D);
}

/// Mean squared error by the number of steps since the law changed, at most `steps` of them, and no more than the longest run
/// has: of changes to a law that is new, or of those back to one that held before. The start of a sequence is no change.
/// How fast the curve falls is adaptation; how much lower it begins at a return is what was not forgotten.
inline Vector<double> recovery_curve(View<const double, 3> predictions, const RegressionBatch& batch, Index steps,
                                     bool returning) {
  const Index B = batch.targets.dimension(0), T = batch.targets.dimension(1), D = batch.targets.dimension(2);
  expect_shape("predictions", predictions, {{"B", B}, {"T", T}, {"D'", D}});
  expect_finite("predictions", predictions);
  Vector<double> sums = Vector<double>::Zero(steps), counts = sums;
  for (Index b = 0; b < B; ++b) {
    std::int32_t newest = batch.regimes(b, 0);
    Index since = steps;  // beyond what is looked at
    for (Index t = 1; t < T; ++t) {
      const std::int32_t regime = batch.regimes(b, t);
      ++since;
      if (regime != batch.regimes(b, t - 1)) since = (regime <= newest) == returning ? 0 : steps;
      newest = std::max(newest, regime);
      if (since >= steps) continue;
      const Index row = b * T + t;
      sums[since] += (predictions.rows().row(row) - rows(batch.targets).row(row)).squaredNorm() / static_cast<double>(D);
      counts[since] += 1;
    }
  }
  Index seen = 0;
  while (seen < steps && counts[seen] > 0) ++seen;
  return sums.head(seen).cwiseQuotient(counts.head(seen));
}

/// The first step whose error is at most `bound`; as many as there are, where none is.
inline Index steps_to_recover(const Vector<double>& curve, double bound) {
  Index step = 0;
  while (step < curve.size() && curve[step] > bound) ++step;
  return step;
}

}  // namespace deltanet
