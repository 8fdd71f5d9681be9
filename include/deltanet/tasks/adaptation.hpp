#pragma once

#include "deltanet/tasks/adaptive_filter.hpp"
#include "deltanet/tasks/draw.hpp"
#include "deltanet/tasks/regression.hpp"

namespace deltanet {

/// How the law of a sequence of pairs changes while it is read.
struct AdaptationConfig {
  Index input_size = 8;         // D
  Index target_size = 1;        // D'
  double persistence = 1;       // rho: how much of W is kept from step to step; 1: it does not drift
  bool smooth = false;          // the drift is SmoothDrift's: a step is like the one before; without jumps and bursts
  double mean_run = 0;          // steps until another law comes, on average; 0: none does
  double return_share = 0;      // of the changes, those back to a law that held before
  double noise = 0.1;           // deviation of y - W^T x
  double burst_share = 0;       // probability, of a step outside a burst of outliers, that one begins
  Index burst_length = 4;       // steps
  double burst_deviation = 10;  // of what is added in a burst to what is told of y

  void validate() const {
    expect(input_size > 0 && target_size > 0, "input_size, target_size: expected at least 1, got ", input_size, " and ",
           target_size);
    expect_range("persistence", persistence, 0.0, 1.0);
    expect(mean_run == 0 || mean_run >= 1, "mean_run: expected 0 or at least 1, got ", mean_run);
    expect_range("return_share", return_share, 0.0, 1.0);
    expect(noise > 0, "noise: expected a positive number, got ", noise);
    expect_range("burst_share", burst_share, 0.0, 1.0);
    expect(burst_length > 0, "burst_length: expected at least 1, got ", burst_length);
    expect(burst_deviation >= 0, "burst_deviation: expected no negative number, got ", burst_deviation);
    expect(!smooth || (mean_run == 0 && burst_share == 0), "smooth: expected mean_run and burst_share 0 beside it, got ",
           mean_run, " and ", burst_share);
  }
};

/// Which law holds at each of `length` steps: 0 first; a change comes with probability 1 / mean_run a step (never, if that is
/// 0), with probability `return_share` to one of the laws that held before, else to a new one, numbered on.
inline std::vector<std::int32_t> draw_regimes(Random& random, Index length, double mean_run, double return_share) {
  std::vector<std::int32_t> regimes;
  std::int32_t current = 0;
  Index known = 1;
  for (Index t = 0; t < length; ++t) {
    if (t > 0 && mean_run > 0 && draw_chance(random, 1 / mean_run)) {
      if (known > 1 && draw_chance(random, return_share)) {
        current = static_cast<std::int32_t>((current + 1 + random.below(known - 1)) % known);
      } else {
        current = static_cast<std::int32_t>(known++);
      }
    }
    regimes.push_back(current);
  }
  return regimes;
}

/// Regression whose law has to be followed as it changes, by drift, by jumps, and through bursts of outliers:
///
///   y_t = W_t^T x_t + noise e_t,   W_t = rho W_{t-1} + sqrt(1 - rho^2) E_t     x, e ~ N(0, 1), entries of W ~ N(0, 1/D)
///
/// or W_t of SmoothDrift (adaptive_filter.hpp).
///
///   inputs   [B, T, D + D']: x_t, and what is told of y_{t-1} (nothing, 0, at t = 0), outliers included
///   targets  [B, T, D']: y_t, without outliers
///
/// x and W are scaled so that y has variance 1 + noise^2. Literature on such streams: Haykin, Adaptive Filter Theory, ch. 13.
inline RegressionBatch adaptation(const AdaptationConfig& config, Random& random, Index batch, Index length) {
  config.validate();
  const Index D = config.input_size, targets = config.target_size;
  const double spread = 1 / std::sqrt(static_cast<double>(D)), rho = config.persistence;
  RegressionBatch result = empty_regression_batch(batch, length, D + targets, targets);
  const SmoothDrift drift{rho};
  Matrix<double> E(D, targets), V;  // V: the velocity of a smooth drift
  Vector<double> x(D), e(targets), outlier(targets), told(targets);
  for (Index b = 0; b < batch; ++b) {
    const std::vector<std::int32_t> regimes = draw_regimes(random, length, config.mean_run, config.return_share);
    std::vector<Matrix<double>> laws;
    Index burst = 0;  // steps that are left of it
    for (Index t = 0; t < length; ++t) {
      const auto regime = static_cast<std::size_t>(regimes[static_cast<std::size_t>(t)]);
      result.regimes(b, t) = static_cast<std::int32_t>(regime);
      random.fill_normal(E, spread);
      if (regime == laws.size()) {
        laws.push_back(E);
        if (config.smooth) {
          const double shared = drift.correlation();
          random.fill_normal(E, spread);
          V = shared * laws[regime] + std::sqrt(1 - shared * shared) * E;
        }
      } else if (config.smooth) {
        V = (rho * V + std::sqrt(1 - rho * rho) * E).eval();
        laws[regime] = rho * laws[regime] + drift.gain() * V;
      } else {
        laws[regime] = rho * laws[regime] + std::sqrt(1 - rho * rho) * E;
      }

      random.fill_normal(x);
      random.fill_normal(e, config.noise);
      random.fill_normal(outlier, config.burst_deviation);
      if (burst == 0 && draw_chance(random, config.burst_share)) burst = config.burst_length;
      const Vector<double> y = laws[regime].transpose() * x + e;
      told = y;
      if (burst > 0) told += outlier;
      burst = std::max<Index>(burst - 1, 0);

      const Index row = b * length + t;
      rows(result.inputs).row(row).head(D) = x.transpose();
      if (t + 1 < length) rows(result.inputs).row(row + 1).tail(targets) = told.transpose();
      rows(result.targets).row(row) = y.transpose();
    }
  }
  return result;
}

/// What a filter predicts that reads inputs [B, T, D + D'] as `adaptation` writes them, starting anew in each sequence: it is
/// told y_{t-1}, and then asked for y_t.
template <class Filter>
Tensor<double, 3> run_filter(const Filter& fresh, View<const double, 3> inputs, Index target_size) {
  const auto [B, T, width] = inputs.shape;
  expect(width > target_size, "inputs: expected more than D'=", target_size, " columns, got ", width);
  const Index D = width - target_size;
  Tensor<double, 3> predictions(B, T, target_size);
  const auto all = inputs.rows();
  for (Index b = 0; b < B; ++b) {
    Filter filter = fresh;
    for (Index row = b * T; row < (b + 1) * T; ++row) {
      if (row > b * T) filter.update(all.row(row - 1).head(D).transpose(), all.row(row).tail(target_size).transpose());
      rows(predictions).row(row) = filter.predict(all.row(row).head(D).transpose()).transpose();
    }
  }
  return predictions;
}

/// adaptation as a task, with these oracles: the Kalman filter, told of drift, jumps and noise all but when they come (the best
/// predictor that is linear in what was told of y, but for returns); where the drift is smooth, also the one that takes it for
/// one that is not; where there are bursts, one that clips errors too;
/// recursive least squares that forgets at three rates; and the delta rule, at beta 1/2.
inline RegressionTask adaptation_task(const std::string& name, const std::string& description, const AdaptationConfig& config,
                                      Index train_length, const std::vector<Index>& test_lengths) {
  config.validate();
  const Index D = config.input_size, targets = config.target_size;
  RegressionTask task{.name = name,
                      .description = description,
                      .source = "Haykin, Adaptive Filter Theory, ch. 13",
                      .input_size = D + targets,
                      .target_size = targets,
                      .train_length = train_length,
                      .test_lengths = test_lengths,
                      .noise_floor = config.noise * config.noise};
  task.generate = [config](Random& random, Index batch, Index length) { return adaptation(config, random, batch, length); };

  const auto add = [&](const std::string& oracle, const auto& filter) {
    task.oracles.push_back(
        {oracle, [filter, targets](View<const double, 3> inputs) { return run_filter(filter, inputs, targets); }});
  };
  // A jump keeps nothing of W: that is like a drift with the same correlation from step to step.
  KalmanConfig kalman{.persistence = config.persistence * (config.mean_run > 0 ? 1 - 1 / config.mean_run : 1),
                      .variance = 1 / static_cast<double>(D),
                      .noise = config.noise * config.noise};
  if (config.burst_share > 0) {
    KalmanConfig clipped = kalman;
    clipped.clip = 2;
    add("Kalman filter, clipped", KalmanFilter(D, targets, clipped));
    const double length = static_cast<double>(config.burst_length);
    const double share = length / (length + 1 / config.burst_share - 1);  // of the steps that are within a burst
    kalman.noise += share * config.burst_deviation * config.burst_deviation;
  }
  if (config.smooth) add("Kalman filter with velocity", SmoothKalmanFilter(D, targets, kalman));
  add("Kalman filter", KalmanFilter(D, targets, kalman));
  for (const auto& [label, lambda] : {std::pair{"RLS, lambda 1", 1.0}, {"RLS, lambda 0.98", 0.98}, {"RLS, lambda 0.9", 0.9}})
    add(label, RecursiveLeastSquares(D, targets, lambda));
  add("delta rule, beta 0.5", NormalizedLeastMeanSquares(D, targets, 0.5));
  return task;
}

}  // namespace deltanet
