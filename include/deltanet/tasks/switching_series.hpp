#pragma once

#include "deltanet/core/zeros.hpp"
#include "deltanet/tasks/adaptation.hpp"

namespace deltanet {

/// A series whose law jumps.
struct SwitchingSeriesConfig {
  Index order = 3;            // p
  double mean_run = 64;       // steps until another law comes, on average; 0: none does
  double return_share = 0.5;  // of the changes, those back to a law that held before
  double noise = 0.5;         // deviation of the innovations
  double squash = 0;          // c: a past value v enters as tanh(c v) / c; 0: as itself

  void validate() const {
    expect(order > 0, "order: expected at least 1, got ", order);
    expect(mean_run == 0 || mean_run >= 1, "mean_run: expected 0 or at least 1, got ", mean_run);
    expect_range("return_share", return_share, 0.0, 1.0);
    expect(noise > 0, "noise: expected a positive number, got ", noise);
    expect(squash >= 0, "squash: expected no negative number, got ", squash);
  }
};

/// Coefficients of a stable autoregression of order p: partial correlations drawn uniformly from (-0.9, 0.9), and made into
/// coefficients by Durbin and Levinson's recursion, a_i <- a_i - kappa_m a_{m-i}, a_m = kappa_m.
inline Vector<double> draw_autoregression(Random& random, Index order) {
  Vector<double> a(order);
  for (Index m = 0; m < order; ++m) {
    const double kappa = random.uniform(-0.9, 0.9);
    const Vector<double> before = a.head(m);
    a.head(m) = before - kappa * before.reverse();
    a[m] = kappa;
  }
  return a;
}

/// An autoregressive series with coefficients that jump among laws, to be predicted one step ahead:
///
///   y_t = sum_i a_i f(y_{t-i}) + noise e_t,     f(v) = v, or tanh(c v) / c, which linear memories cannot follow
///
/// with coefficients of `draw_autoregression`, or, where tanh keeps the series bounded whatever they are, of N(0, 1.5^2).
///
///   inputs   [B, T, 1]: y_{t-1} (0 at t = 0)
///   targets  [B, T, 1]: y_t
///
/// Of the kind of Hamilton's (Econometrica, 1989) Markov-switching autoregressions. O(B T p).
inline RegressionBatch switching_series(const SwitchingSeriesConfig& config, Random& random, Index batch, Index length) {
  config.validate();
  RegressionBatch result = empty_regression_batch(batch, length, 1, 1);
  for (Index b = 0; b < batch; ++b) {
    const std::vector<std::int32_t> regimes = draw_regimes(random, length, config.mean_run, config.return_share);
    std::vector<Vector<double>> laws;
    Vector<double> past = Vector<double>::Zero(config.order);  // f(y_{t-1}) first
    for (Index t = 0; t < length; ++t) {
      const auto regime = static_cast<std::size_t>(regimes[static_cast<std::size_t>(t)]);
      if (regime == laws.size()) {
        laws.push_back(draw_autoregression(random, config.order));
        if (config.squash > 0) random.fill_normal(laws.back(), 1.5);
      }
      const double y = laws[regime].dot(past) + config.noise * random.normal();
      for (Index i = config.order; i-- > 1;) past[i] = past[i - 1];
      past[0] = config.squash > 0 ? std::tanh(config.squash * y) / config.squash : y;
      result.regimes(b, t) = static_cast<std::int32_t>(regime);
      result.targets(b, t, 0) = y;
      if (t + 1 < length) result.inputs(b, t + 1, 0) = y;
    }
  }
  return result;
}

/// Inputs [B, T, 1] of a series as `run_filter` reads them, [B, T, p + 1]: the p values before t, and y_{t-1} as what is told
/// of the step before.
inline Tensor<double, 3> lagged(View<const double, 3> inputs, Index order) {
  const Index B = inputs.shape[0], T = inputs.shape[1];
  expect_shape("inputs", inputs, {{"B", B}, {"T", T}, {"D", 1}});
  Tensor<double, 3> lags = zeros<double>(B, T, order + 1);
  for (Index b = 0; b < B; ++b)
    for (Index t = 0; t < T; ++t) {
      for (Index i = 0; i < std::min(order, t + 1); ++i) lags(b, t, i) = inputs.data[b * T + t - i];
      lags(b, t, order) = inputs.data[b * T + t];
    }
  return lags;
}

/// switching_series as a task, with these oracles over the last p values: recursive least squares that forgets at three rates,
/// and the delta rule, at beta 1/2; and the last value itself.
inline RegressionTask switching_series_task(const std::string& name, const std::string& description,
                                            const SwitchingSeriesConfig& config, Index train_length,
                                            const std::vector<Index>& test_lengths) {
  config.validate();
  RegressionTask task{.name = name,
                      .description = description,
                      .source = "Hamilton, Econometrica 57 (1989)",
                      .input_size = 1,
                      .target_size = 1,
                      .train_length = train_length,
                      .test_lengths = test_lengths,
                      .noise_floor = config.noise * config.noise};
  task.generate = [config](Random& random, Index batch, Index length) {
    return switching_series(config, random, batch, length);
  };
  const auto add = [&](const std::string& oracle, const auto& filter) {
    task.oracles.push_back({oracle, [filter, order = config.order](View<const double, 3> inputs) {
                              return run_filter(filter, lagged(inputs, order), 1);
                            }});
  };
  for (const auto& [label, lambda] : {std::pair{"RLS, lambda 1", 1.0}, {"RLS, lambda 0.98", 0.98}, {"RLS, lambda 0.9", 0.9}})
    add(label, RecursiveLeastSquares(config.order, 1, lambda));
  add("delta rule, beta 0.5", NormalizedLeastMeanSquares(config.order, 1, 0.5));
  task.oracles.push_back({"the last value", [](View<const double, 3> inputs) {
                            Tensor<double, 3> last(inputs.shape);
                            rows(last) = inputs.rows();
                            return last;
                          }});
  return task;
}

}  // namespace deltanet
