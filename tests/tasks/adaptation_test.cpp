#include "deltanet/tasks/adaptation.hpp"

#include <map>

#include "deltanet/core/zeros.hpp"
#include "support/catch.hpp"

using namespace deltanet;

namespace {

const std::vector<Index> adaptation_lengths{256};

/// Mean squared errors of the oracles, behind a start in which all learn.
std::map<std::string, double> late_errors(const RegressionTask& task, Index batch, Index length, Index start) {
  Random random(1);
  const RegressionBatch data = task.generate(random, batch, length);
  std::map<std::string, double> errors;
  for (const RegressionOracle& oracle : task.oracles)
    errors[oracle.name] = squared_error_by_position(oracle.predict(data.inputs), data.targets).tail(length - start).mean();
  return errors;
}

}  // namespace

TEST_CASE("laws change as often as said, and come back as often as said", "[tasks]") {
  Random random(1);
  const std::vector<std::int32_t> regimes = draw_regimes(random, 40000, 20, 0.25);
  std::int32_t newest = 0;
  double changes = 0, returns = 0;
  for (std::size_t t = 1; t < regimes.size(); ++t) {
    if (regimes[t] == regimes[t - 1]) continue;
    ++changes;
    if (regimes[t] <= newest)
      ++returns;
    else
      CHECK(regimes[t] == newest + 1);
    newest = std::max(newest, regimes[t]);
  }
  CHECK(changes == Catch::Approx(2000).epsilon(0.08));
  CHECK(returns / changes == Catch::Approx(0.25).margin(0.04));
  CHECK(draw_regimes(random, 50, 0, 0.5) == std::vector<std::int32_t>(50, 0));
}

TEST_CASE("what is told of y is y one step later, but in bursts of outliers", "[tasks]") {
  const AdaptationConfig config{.input_size = 3, .target_size = 2, .burst_share = 0.02, .burst_length = 5};
  Random random(2);
  const Index T = 20000;
  const RegressionBatch batch = adaptation(config, random, 1, T);
  double outliers = 0, variance = 0;
  Index run = 0;
  for (Index t = 1; t < T; ++t) {
    const double off = std::abs(batch.inputs(0, t, 3) - batch.targets(0, t - 1, 0));
    variance += batch.targets(0, t, 0) * batch.targets(0, t, 0) / static_cast<double>(T);
    if (off == 0) {
      CHECK(run % 5 == 0);
      run = 0;
    } else {
      ++run;
      outliers += 1;
    }
  }
  CHECK(outliers / T == Catch::Approx(5 / (5 + 49.0)).margin(0.015));
  CHECK(batch.inputs(0, 0, 3) == 0);
  CHECK(variance > 0);
}

TEST_CASE("laws and inputs give outputs of variance one, also after a long drift", "[tasks]") {
  Random random(3);
  const RegressionBatch batch = adaptation({.persistence = 0.9, .noise = 0.1}, random, 300, 60);
  const Vector<double> squares = squared_error_by_position(zeros<double>(300, 60, 1), batch.targets);
  CHECK(squares.head(10).mean() == Catch::Approx(1.01).margin(0.12));
  CHECK(squares.tail(10).mean() == Catch::Approx(1.01).margin(0.12));
}

TEST_CASE("a smooth drift keeps its variance, and goes on as it did", "[tasks]") {
  // With D = 1 and hardly any noise, y / x is the weight: rho^n (1 + n (1 - rho^2) / (1 + rho^2)) correlates it n steps apart.
  const double rho = 0.9;
  const Index B = 20000, T = 12;
  Random random(4);
  const RegressionBatch batch = adaptation({.input_size = 1, .persistence = rho, .smooth = true, .noise = 1e-12}, random, B, T);
  Matrix<double> W(B, T);
  for (Index b = 0; b < B; ++b)
    for (Index t = 0; t < T; ++t) W(b, t) = batch.targets(b, t, 0) / batch.inputs(b, t, 0);
  const auto correlation = [&](Index lag) {
    const auto n = static_cast<double>(lag);
    return std::pow(rho, n) * (1 + n * (1 - rho * rho) / (1 + rho * rho));
  };
  for (const Index start : {0, 5, 11})
    for (Index t = start; t < T; ++t)
      CHECK(W.col(start).dot(W.col(t)) / static_cast<double>(B) == Catch::Approx(correlation(t - start)).margin(0.04));
  const Vector<double> step = W.col(1) - W.col(0), next = W.col(2) - W.col(1);  // without velocity they would not correlate
  const double expected = (2 * correlation(1) - 1 - correlation(2)) / (2 - 2 * correlation(1));
  CHECK(step.dot(next) / step.squaredNorm() == Catch::Approx(expected).margin(0.04));
}

TEST_CASE("a law that stays is learnt down to the noise", "[tasks]") {
  const RegressionTask task = adaptation_task("fixed", "", {.noise = 0.1}, 256, adaptation_lengths);
  const auto errors = late_errors(task, 20, 400, 300);
  CHECK(task.noise_floor == Catch::Approx(0.01));
  CHECK(errors.at("Kalman filter") == Catch::Approx(0.01).epsilon(0.12));
  CHECK(errors.at("RLS, lambda 1") == Catch::Approx(errors.at("Kalman filter")).epsilon(0.02));
  CHECK(errors.at("delta rule, beta 0.5") < 0.02);
}

TEST_CASE("where the drift is smooth, no oracle beats the Kalman filter that knows of the velocity", "[tasks]") {
  const auto errors =
      late_errors(adaptation_task("smooth", "", {.persistence = 0.97, .smooth = true}, 256, adaptation_lengths), 40, 300, 50);
  for (const auto& [name, error] : errors) {
    INFO(name);
    CHECK(error >= errors.at("Kalman filter with velocity"));
  }
  CHECK(errors.at("Kalman filter with velocity") < 0.8 * errors.at("Kalman filter"));
}

TEST_CASE("no oracle beats the Kalman filter where it knows the law of motion", "[tasks]") {
  const auto drifting =
      late_errors(adaptation_task("drifting", "", {.persistence = 0.98}, 256, adaptation_lengths), 40, 300, 50);
  const auto jumping = late_errors(adaptation_task("jumping", "", {.mean_run = 40}, 256, adaptation_lengths), 40, 300, 50);
  for (const auto& errors : {drifting, jumping})
    for (const auto& [name, error] : errors) {
      INFO(name);
      CHECK(error >= errors.at("Kalman filter"));
      CHECK(error > 0.01);
    }
  CHECK(drifting.at("Kalman filter") < 0.5);
  CHECK(drifting.at("RLS, lambda 1") > 0.5);  // never forgets
}

TEST_CASE("clipping is worth something where outliers come in bursts", "[tasks]") {
  const auto errors = late_errors(
      adaptation_task("outliers", "", {.persistence = 0.99, .burst_share = 0.02}, 256, adaptation_lengths), 40, 300, 50);
  CHECK(errors.at("Kalman filter, clipped") < 0.9 * errors.at("Kalman filter"));
  CHECK(errors.at("Kalman filter") < errors.at("RLS, lambda 0.9"));
}

TEST_CASE("adaptation refuses settings that mean nothing", "[tasks]") {
  Random random(5);
  CHECK_THROWS_WITH(adaptation({.mean_run = 0.5}, random, 1, 8), "mean_run: expected 0 or at least 1, got 0.5");
  CHECK_THROWS_WITH(adaptation({.noise = 0}, random, 1, 8), "noise: expected a positive number, got 0");
  CHECK_THROWS_WITH(adaptation({.smooth = true, .mean_run = 9}, random, 1, 8),
                    "smooth: expected mean_run and burst_share 0 beside it, got 9 and 0");
  CHECK_THROWS_WITH(adaptation({}, random, 1, 0), "length: expected at least 1, got 0");
}
