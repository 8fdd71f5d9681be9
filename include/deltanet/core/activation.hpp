#pragma once

#include <algorithm>
#include <cmath>

#include "deltanet/core/tensor.hpp"

/// Activations and their derivatives, in forms that neither overflow nor cancel. Each works on an Eigen array expression, so
/// that Eigen vectorises it, and on a plain scalar; these round differently. Forwards apply them by `map_packets`.
namespace deltanet {

/// 1 / (1 + exp(-x)).
template <class X>
auto sigmoid(const Eigen::ArrayBase<X>& x) {
  return x.derived().logistic();
}
template <Real T>
T sigmoid(T x) {
  const T small = std::exp(-std::abs(x));
  return (x >= 0 ? T(1) : small) / (1 + small);
}

/// log(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|)).
template <class X>
auto softplus(const Eigen::ArrayBase<X>& x) {
  using T = typename X::Scalar;
  return x.derived().max(T(0)) + (-x.derived().abs()).exp().log1p();
}
template <Real T>
T softplus(T x) {
  return std::max(x, T(0)) + std::log1p(std::exp(-std::abs(x)));
}

/// x sigmoid(x), also called swish.
template <class X>
auto silu(const Eigen::ArrayBase<X>& x) {
  return x.derived() * x.derived().logistic();
}

/// d silu / dx = s (1 + x (1 - s)), given s = sigmoid(x), which a backward has at hand.
template <class X, class S>
auto silu_derivative(const Eigen::ArrayBase<X>& x, const Eigen::ArrayBase<S>& s) {
  using T = typename X::Scalar;
  return s.derived() * (T(1) + x.derived() * (T(1) - s.derived()));
}

}  // namespace deltanet
