#pragma once

#include <cmath>

#include "deltanet/core/check.hpp"

/// Classical ways to follow a linear map y = W^T x + noise while reading pairs (x, y): each keeps a guess of W [D, D'], asks it
/// for y, and corrects it by the error. They are the delta rule with ever better step sizes,
///
///   W += k (y - W^T x)^T,      k = beta x / |x|^2             normalised least mean squares: the delta rule
///                              k = P x / (lambda + x^T P x)   recursive least squares: P is (sum of x x^T)^-1
///                              k = P x / (noise + x^T P x)    Kalman filter: P is the variance of what is not known of W
namespace deltanet {

/// Normalised least mean squares (Haykin, Adaptive Filter Theory, ch. 6): the delta rule with keys x / |x|, whose state this
/// is. O(D D') a step.
class NormalizedLeastMeanSquares {
 public:
  /// beta in (0, 2).
  NormalizedLeastMeanSquares(Index D, Index targets, double beta) : beta_(beta), W_(Matrix<double>::Zero(D, targets)) {
    expect(beta > 0 && beta < 2, "beta: expected a value in (0, 2), got ", beta);
  }

  [[nodiscard]] Vector<double> predict(const Vector<double>& x) const { return W_.transpose() * x; }

  void update(const Vector<double>& x, const Vector<double>& y) {
    W_ += beta_ / (x.squaredNorm() + 1e-12) * x * (y - predict(x)).transpose();
  }

 private:
  double beta_;
  Matrix<double> W_;  // [D, D']
};

/// Recursive least squares with forgetting (Haykin, ch. 10): W minimises sum_i lambda^(t-i) |y_i - W^T x_i|^2, of which that of
/// W = 0 with P = I / ridge fades too. O(D^2 + D D') a step.
class RecursiveLeastSquares {
 public:
  /// lambda in (0, 1], ridge > 0.
  RecursiveLeastSquares(Index D, Index targets, double lambda, double ridge = 1e-2)
      : lambda_(lambda), W_(Matrix<double>::Zero(D, targets)), P_(Matrix<double>::Identity(D, D) / ridge) {
    expect(lambda > 0 && lambda <= 1, "lambda: expected a value in (0, 1], got ", lambda);
    expect(ridge > 0, "ridge: expected a positive number, got ", ridge);
  }

  [[nodiscard]] Vector<double> predict(const Vector<double>& x) const { return W_.transpose() * x; }

  void update(const Vector<double>& x, const Vector<double>& y) {
    const Vector<double> Px = P_ * x;
    const Vector<double> k = Px / (lambda_ + x.dot(Px));
    W_ += k * (y - predict(x)).transpose();
    P_ = (P_ - k * Px.transpose()) / lambda_;
    P_ = (P_ + P_.transpose()).eval() / 2;  // rounding would let it drift from symmetry
  }

 private:
  double lambda_;
  Matrix<double> W_;  // [D, D']
  Matrix<double> P_;  // [D, D]
};

/// What a Kalman filter is told of how W moves and is seen.
struct KalmanConfig {
  double persistence = 1;  // rho: W_t = rho W_{t-1} + sqrt(1 - rho^2) E_t, E_t and W_0 of independent N(0, variance)
  double variance = 1;     // of each entry of W, always
  double noise = 1;        // variance of y - W^T x
  double clip = 0;         // errors beyond `clip` of their deviations count as that much (Huber's estimate); 0: none
};

/// The Kalman filter of regression weights (Kalman, 1960): the mean of W given all that was seen, which no other predictor
/// beats in mean squared error where W and the noise are what `config` says, clip = 0. O(D^2 + D D') a step.
class KalmanFilter {
 public:
  KalmanFilter(Index D, Index targets, const KalmanConfig& config)
      : config_(config), W_(Matrix<double>::Zero(D, targets)), P_(Matrix<double>::Identity(D, D) * config.variance) {
    expect_range("persistence", config.persistence, 0.0, 1.0);
    expect(config.variance > 0 && config.noise > 0, "variance, noise: expected positive numbers, got ", config.variance,
           " and ", config.noise);
    expect(config.clip >= 0, "clip: expected no negative number, got ", config.clip);
  }

  [[nodiscard]] Vector<double> predict(const Vector<double>& x) const { return W_.transpose() * x; }

  void update(const Vector<double>& x, const Vector<double>& y) {
    const Vector<double> Px = P_ * x;
    const double variance = config_.noise + x.dot(Px);  // of each entry of the error
    Vector<double> error = y - predict(x);
    if (config_.clip > 0) {
      const double bound = config_.clip * std::sqrt(variance);
      error = error.cwiseMax(-bound).cwiseMin(bound);
    }
    W_ += Px / variance * error.transpose();
    P_ -= Px * Px.transpose() / variance;
    // and on to the next step
    const double rho = config_.persistence;
    W_ *= rho;
    P_ = (rho * rho / 2 * (P_ + P_.transpose())).eval();
    P_.diagonal().array() += (1 - rho * rho) * config_.variance;
  }

 private:
  KalmanConfig config_;
  Matrix<double> W_;  // [D, D'], as expected at the next step
  Matrix<double> P_;  // [D, D], variance of each column
};

/// Weights that drift smoothly, because a velocity drifts and they go on with it:
///
///   V_t = rho V_{t-1} + sqrt(1 - rho^2) E_t,   W_t = rho W_{t-1} + c V_t
///
/// where c gives W the variance of V, that of E.
struct SmoothDrift {
  double persistence;  // rho

  /// c = (1 - rho^2) / sqrt(1 + rho^2).
  [[nodiscard]] double gain() const { return (1 - persistence * persistence) / std::sqrt(1 + persistence * persistence); }
  /// Of an entry of W_t with that of V_t: 1 / sqrt(1 + rho^2).
  [[nodiscard]] double correlation() const { return 1 / std::sqrt(1 + persistence * persistence); }
};

/// The Kalman filter of weights that drift smoothly: it follows their velocity too. Of the settings, `clip` is not used.
/// O(D^3 + D^2 D') a step.
class SmoothKalmanFilter {
 public:
  SmoothKalmanFilter(Index D, Index targets, const KalmanConfig& config)
      : D_(D), noise_(config.noise), S_(Matrix<double>::Zero(2 * D, targets)) {
    expect_range("persistence", config.persistence, 0.0, 1.0);
    expect(config.variance > 0 && config.noise > 0, "variance, noise: expected positive numbers, got ", config.variance,
           " and ", config.noise);
    const double rho = config.persistence, fresh = (1 - rho * rho) * config.variance;
    const SmoothDrift drift{rho};
    const double c = drift.gain(), shared = drift.correlation() * config.variance;
    P_ = blocks(config.variance, shared, shared, config.variance);
    F_ = blocks(rho, c * rho, 0, rho);
    Q_ = blocks(c * c * fresh, c * fresh, c * fresh, fresh);
  }

  [[nodiscard]] Vector<double> predict(const Vector<double>& x) const { return S_.topRows(D_).transpose() * x; }

  void update(const Vector<double>& x, const Vector<double>& y) {
    const Vector<double> Px = P_.leftCols(D_) * x;  // [2D]
    const double variance = noise_ + x.dot(Px.head(D_));
    S_ += Px / variance * (y - predict(x)).transpose();
    P_ -= Px * Px.transpose() / variance;
    // and on to the next step
    S_ = (F_ * S_).eval();
    P_ = (F_ * (P_ + P_.transpose()) / 2 * F_.transpose() + Q_).eval();
  }

 private:
  /// [2D, 2D] of four multiples of the identity.
  [[nodiscard]] Matrix<double> blocks(double a, double b, double c, double d) const {
    const Matrix<double> I = Matrix<double>::Identity(D_, D_);
    Matrix<double> result(2 * D_, 2 * D_);
    result << a * I, b * I, c * I, d * I;
    return result;
  }

  Index D_;
  double noise_;
  Matrix<double> S_;  // [2D, D'], W over V, as expected at the next step
  Matrix<double> P_;  // [2D, 2D], variance of each column
  Matrix<double> F_;  // [2D, 2D], what a step does to S
  Matrix<double> Q_;  // [2D, 2D], what it adds to the variance
};

}  // namespace deltanet
