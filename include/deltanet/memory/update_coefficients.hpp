#pragma once

#include "deltanet/core/tensor.hpp"

/// How a deep memory's weights move along the gradients of its writes. Gradients are taken at the weights at the start of the
/// token's mini-batch, so that what n of its tokens in a row do is linear in the weights before them:
///
///   W_i = A_i base + (1 - A_i) init + B_i Z0 + sum_{j <= i} G_ij write_j         what token i reads
///   Z_n = N0 Z0 + sum_j N_j write_j                                              what the next tokens find
///
/// with write_j = -theta_j times the gradient of token j, and init only where weights decay towards their initial values.
namespace deltanet {

/// What n tokens in a row come to; gradients by it, too.
template <Real T>
struct UpdateCoefficients {
  Vector<T> A, B;  // [C]
  Matrix<T> G;     // [C, C], lower triangular
  T N0 = 0;
  Vector<T> N;  // [C]

  explicit UpdateCoefficients(Index C) : A(C), B(C), G(C, C), N(C) {}

  void set_zero() {
    A.setZero();
    B.setZero();
    G.setZero();
    N0 = 0;
    N.setZero();
  }
};

}  // namespace deltanet
