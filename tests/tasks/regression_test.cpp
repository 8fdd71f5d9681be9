#include "deltanet/tasks/regression.hpp"

#include "support/catch.hpp"

using namespace deltanet;

namespace {

/// Two sequences of six steps; predictions are off by t + 1 in each.
RegressionBatch two_sequences() {
  RegressionBatch batch = empty_regression_batch(2, 6, 1, 1);
  batch.regimes.setValues({{0, 0, 1, 1, 0, 0}, {0, 1, 2, 2, 2, 1}});
  return batch;
}

Tensor<double, 3> counted() {
  Tensor<double, 3> predictions(2, 6, 1);
  for (Index i = 0; i < 12; ++i) predictions.data()[i] = static_cast<double>(i % 6 + 1);
  return predictions;
}

}  // namespace

TEST_CASE("errors by position are means over batch and outputs", "[tasks]") {
  const Vector<double> errors = squared_error_by_position(counted(), two_sequences().targets);
  for (Index t = 0; t < 6; ++t) CHECK(errors[t] == Catch::Approx(static_cast<double>((t + 1) * (t + 1))));
  CHECK_THROWS_WITH(squared_error_by_position(Tensor<double, 3>(2, 5, 1), two_sequences().targets),
                    "predictions: expected [B=2, T=6, D'=1], got [2, 5, 1]");
}

TEST_CASE("a recovery curve starts where the law changes, and tells new laws from old ones", "[tasks]") {
  const Vector<double> fresh = recovery_curve(counted(), two_sequences(), 4, false);
  REQUIRE(fresh.size() == 3);  // at t = 2; at 1; at 2 with three steps
  CHECK(fresh[0] == Catch::Approx((9 + 4 + 9) / 3.0));
  CHECK(fresh[1] == Catch::Approx((16 + 16) / 2.0));
  CHECK(fresh[2] == Catch::Approx(25));
  const Vector<double> returns = recovery_curve(counted(), two_sequences(), 4, true);
  REQUIRE(returns.size() == 2);  // at t = 4; at 5
  CHECK(returns[0] == Catch::Approx((25 + 36) / 2.0));
  CHECK(returns[1] == Catch::Approx(36));
  CHECK(recovery_curve(counted(), two_sequences(), 1, true).size() == 1);
}

TEST_CASE("steps to recover are those until the error is small", "[tasks]") {
  Vector<double> curve(3);
  curve << 4, 2, 1;
  CHECK(steps_to_recover(curve, 4) == 0);
  CHECK(steps_to_recover(curve, 2.5) == 1);
  CHECK(steps_to_recover(curve, 0.5) == 3);
}
