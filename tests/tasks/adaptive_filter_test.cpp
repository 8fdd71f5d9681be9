#include "deltanet/tasks/adaptive_filter.hpp"

#include <Eigen/LU>
#include <cmath>

#include "deltanet/core/random.hpp"
#include "support/catch.hpp"

using namespace deltanet;

namespace {

/// Pairs (x, y) of y = W^T x + noise.
struct Pairs {
  Matrix<double> x, y;  // [T, D], [T, D']
};

Pairs draw_pairs(Index T, Index D, Index targets, double noise, double drift = 0) {
  Random random(1);
  Pairs pairs{Matrix<double>(T, D), Matrix<double>(T, targets)};
  Matrix<double> W(D, targets), E(D, targets);
  random.fill_normal(W);
  random.fill_normal(pairs.x);
  random.fill_normal(pairs.y, noise);
  for (Index t = 0; t < T; ++t) {
    pairs.y.row(t) += pairs.x.row(t) * W;
    random.fill_normal(E, drift);
    W += E;
  }
  return pairs;
}

}  // namespace

TEST_CASE("recursive least squares is the least-squares solution of what was read", "[tasks]") {
  const Pairs pairs = draw_pairs(30, 4, 2, 0.5);
  for (const double lambda : {1.0, 0.9}) {
    RecursiveLeastSquares filter(4, 2, lambda, 0.1);
    for (Index t = 0; t < 30; ++t) filter.update(pairs.x.row(t).transpose(), pairs.y.row(t).transpose());
    Vector<double> weights(30);
    for (Index t = 0; t < 30; ++t) weights[t] = std::pow(lambda, 29.0 - static_cast<double>(t));
    const Matrix<double> gram =
        pairs.x.transpose() * weights.asDiagonal() * pairs.x + 0.1 * std::pow(lambda, 30) * Matrix<double>::Identity(4, 4);
    const Matrix<double> W = gram.inverse() * pairs.x.transpose() * weights.asDiagonal() * pairs.y;
    const Vector<double> x = Vector<double>::LinSpaced(4, -1, 2);
    CHECK((filter.predict(x) - W.transpose() * x).norm() < 1e-9);
  }
}

TEST_CASE("a Kalman filter of weights that stay is ridge regression", "[tasks]") {
  const Pairs pairs = draw_pairs(20, 3, 1, 0.5);
  KalmanFilter filter(3, 1, {.variance = 2, .noise = 0.25});
  RecursiveLeastSquares ridge(3, 1, 1, 0.25 / 2);
  const Vector<double> x = Vector<double>::LinSpaced(3, -1, 2);
  for (Index t = 0; t < 20; ++t) {
    filter.update(pairs.x.row(t).transpose(), pairs.y.row(t).transpose());
    ridge.update(pairs.x.row(t).transpose(), pairs.y.row(t).transpose());
    CHECK((filter.predict(x) - ridge.predict(x)).norm() < 1e-10);
  }
}

TEST_CASE("a Kalman filter with velocity is the conditional mean of a smoothly drifting weight", "[tasks]") {
  // D = 1, three steps, by the covariances of W_t = sum_k h_k E_{t-k}, h_k = c (k + 1) rho^k sqrt(1 - rho^2).
  const double rho = 0.8, noise = 0.3, c = SmoothDrift{rho}.gain();
  const auto covariance = [&](Index lag) {
    double sum = 0;
    for (Index k = 0; k < 300; ++k)
      sum += static_cast<double>((k + 1) * (k + 1 + lag)) * std::pow(rho, static_cast<double>(2 * k + lag));
    return sum * c * c * (1 - rho * rho);
  };
  CHECK(covariance(0) == Catch::Approx(1));
  const Vector<double> x = Vector<double>::LinSpaced(3, 1, 2), y = Vector<double>::LinSpaced(3, -1, 0.5);
  SmoothKalmanFilter filter(1, 1, {.persistence = rho, .noise = noise});
  for (Index t = 0; t < 3; ++t) filter.update(x.segment(t, 1), y.segment(t, 1));
  Matrix<double> of_y = noise * Matrix<double>::Identity(3, 3);
  Vector<double> with_next(3);
  for (Index i = 0; i < 3; ++i) {
    for (Index j = 0; j < 3; ++j) of_y(i, j) += x[i] * x[j] * covariance(std::abs(i - j));
    with_next[i] = x[i] * covariance(3 - i);
  }
  const double expected = with_next.dot(of_y.inverse() * y);
  CHECK(filter.predict(Vector<double>::Ones(1))[0] == Catch::Approx(expected));
}

TEST_CASE("a Kalman filter is the conditional mean of a drifting weight", "[tasks]") {
  // D = 1, three steps, by the covariance of (y_0, y_1, W_2) where Cov(W_i, W_j) = rho^|i - j|.
  const double rho = 0.8, noise = 0.3;
  const Vector<double> x = Vector<double>::LinSpaced(2, 1, 2), y = Vector<double>::LinSpaced(2, -1, 0.5);
  KalmanFilter filter(1, 1, {.persistence = rho, .noise = noise});
  for (Index t = 0; t < 2; ++t) filter.update(x.segment(t, 1), y.segment(t, 1));
  Matrix<double> covariance(2, 2);
  covariance << x[0] * x[0] + noise, rho * x[0] * x[1], rho * x[0] * x[1], x[1] * x[1] + noise;
  Vector<double> with_last(2);
  with_last << rho * rho * x[0], rho * x[1];
  CHECK(filter.predict(Vector<double>::Ones(1))[0] == Catch::Approx(with_last.dot(covariance.inverse() * y)));
}

TEST_CASE("a clipped error moves the weights no further than the bound", "[tasks]") {
  const Vector<double> x = Vector<double>::Ones(1);
  KalmanFilter filter(1, 1, {.noise = 3, .clip = 2}), plain(1, 1, {.noise = 3});
  filter.update(x, 1000 * x);
  plain.update(x, 4 * x);  // 2 deviations of 2
  CHECK(filter.predict(x)[0] == Catch::Approx(plain.predict(x)[0]));
}

TEST_CASE("normalised least mean squares at beta 1 answers what it was just told", "[tasks]") {
  NormalizedLeastMeanSquares filter(3, 2, 1);
  const Vector<double> x = Vector<double>::LinSpaced(3, 1, 2), y = Vector<double>::LinSpaced(2, 5, 6);
  filter.update(x, y);
  CHECK((filter.predict(x) - y).norm() < 1e-10);
}

TEST_CASE("filters refuse settings that mean nothing", "[tasks]") {
  CHECK_THROWS_WITH(NormalizedLeastMeanSquares(3, 2, 2), "beta: expected a value in (0, 2), got 2");
  CHECK_THROWS_WITH(RecursiveLeastSquares(3, 2, 1.5), "lambda: expected a value in (0, 1], got 1.5");
  CHECK_THROWS_WITH(KalmanFilter(3, 2, {.persistence = 2}), "persistence: expected a value in [0, 1], got 2");
  CHECK_THROWS_WITH(KalmanFilter(3, 2, {.noise = 0}), "variance, noise: expected positive numbers, got 1 and 0");
}
