#include "deltanet/tasks/switching_series.hpp"

#include <Eigen/Eigenvalues>

#include "deltanet/tasks/causality.hpp"
#include "support/catch.hpp"

using namespace deltanet;

TEST_CASE("autoregressions are stable, and differ", "[tasks]") {
  Random random(1);
  for (const Index order : {1, 2, 5})
    for (int trial = 0; trial < 50; ++trial) {
      Matrix<double> companion = Matrix<double>::Zero(order, order);
      companion.row(0) = draw_autoregression(random, order).transpose();
      for (Index i = 1; i < order; ++i) companion(i, i - 1) = 1;
      CHECK(companion.eigenvalues().cwiseAbs().maxCoeff() < 1);
    }
  CHECK(draw_autoregression(random, 3) != draw_autoregression(random, 3));
}

TEST_CASE("the input of a series is its last value, and lags are those before", "[tasks]") {
  Random random(2);
  const RegressionBatch batch = switching_series({}, random, 2, 30);
  for (Index b = 0; b < 2; ++b) {
    CHECK(batch.inputs(b, 0, 0) == 0);
    for (Index t = 1; t < 30; ++t) CHECK(batch.inputs(b, t, 0) == batch.targets(b, t - 1, 0));
  }
  const Tensor<double, 3> lags = lagged(batch.inputs, 3);
  CHECK(lags(1, 5, 0) == batch.targets(1, 4, 0));
  CHECK(lags(1, 5, 2) == batch.targets(1, 2, 0));
  CHECK(lags(1, 5, 3) == batch.targets(1, 4, 0));
  CHECK(lags(1, 1, 2) == 0);
}

TEST_CASE("least squares finds the law of a series that keeps one, down to the innovations", "[tasks]") {
  const auto error = [](double squash, std::size_t oracle) {
    const RegressionTask task = switching_series_task("series", "", {.mean_run = 0, .squash = squash}, 256, {256});
    Random random(3);
    const RegressionBatch batch = task.generate(random, 40, 500);
    return squared_error_by_position(task.oracles[oracle].predict(batch.inputs), batch.targets).tail(300).mean() /
           task.noise_floor;
  };
  CHECK(error(0, 0) == Catch::Approx(1).margin(0.06));
  CHECK(error(0, 4) > 1.3);  // the last value
  CHECK(error(1, 0) > 1.3);  // what is linear cannot follow what is not
}

TEST_CASE("oracles of series do not look ahead", "[tasks]") {
  const RegressionTask task = switching_series_task("series", "", {.squash = 1}, 256, {256});
  Random random(4);
  const RegressionBatch batch = task.generate(random, 2, 20);
  for (const RegressionOracle& oracle : task.oracles) {
    INFO(oracle.name);
    CHECK_FALSE(find_causality_leak(oracle.predict, batch.inputs, random));
  }
  CHECK_THROWS_WITH(switching_series({.order = 0}, random, 1, 8), "order: expected at least 1, got 0");
}
