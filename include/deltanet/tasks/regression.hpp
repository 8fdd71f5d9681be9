#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "deltanet/core/check.hpp"
#include "deltanet/core/random.hpp"

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

/// Mean over batch and D' of the squared error at each position, [T].
inline Vector<double> squared_error_by_position(View<const double, 3> predictions, View<const double, 3> targets) {
  const auto [B, T, D] = targets.shape;
  expect_shape("predictions", predictions, {{"B", B}, {"T", T}, {"D'", D}});
  expect_finite("predictions", predictions);
  Vector<double> errors = Vector<double>::Zero(T);
  for (Index b = 0; b < B; ++b) errors += (predictions.rows() - targets.rows()).middleRows(b * T, T).rowwise().squaredNorm();
  return errors / static_cast<double>(B * D);
}

}  // namespace deltanet
