#pragma once

#include <cmath>
#include <unsupported/Eigen/SpecialFunctions>

#include "deltanet/core/activation.hpp"
#include "deltanet/core/product.hpp"

namespace deltanet {

/// What stands between the layers of a deep memory. Its first derivative makes the memory's own gradient, and its second the
/// gradient through that.
enum class InnerActivation {
  identity,
  relu,      ///< max(x, 0); derivative 0 at 0
  silu,      ///< x sigmoid(x)
  gelu,      ///< x Phi(x), Phi the normal distribution function
  gelu_tanh  ///< x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2
};

namespace detail {

/// gelu_tanh(x) = x (1 + t) / 2 with t = tanh(u), u = c (x + a x^3).
template <Real T>
struct TanhGelu {
  static constexpr T c = T(0.79788456080286535588), a = T(0.044715);

  static auto u(const auto& x) { return c * x * (1 + a * x.square()); }
  static auto du(const auto& x) { return c * (1 + 3 * a * x.square()); }
};

inline constexpr double sqrt_half = 0.70710678118654752440, normal_density_at_0 = 0.39894228040143267794;

}  // namespace detail

/// y = f(z), entry by entry; both [n, width].
template <Real T>
void activate(InnerActivation f, ConstMatrixRef<T> z, MatrixRef<T> y) {
  const auto x = z.array();
  switch (f) {
    case InnerActivation::identity:
      y = z;
      return;
    case InnerActivation::relu:
      y = x.max(T(0));
      return;
    case InnerActivation::silu:
      y = silu(x);
      return;
    case InnerActivation::gelu:
      y = T(0.5) * x * (1 + (T(detail::sqrt_half) * x).erf());
      return;
    case InnerActivation::gelu_tanh:
      y = T(0.5) * x * (1 + detail::TanhGelu<T>::u(x).tanh());
      return;
  }
}

/// y = f'(z).
template <Real T>
void activation_slope(InnerActivation f, ConstMatrixRef<T> z, MatrixRef<T> y) {
  using Gelu = detail::TanhGelu<T>;
  const auto x = z.array();
  auto d = y.array();
  switch (f) {
    case InnerActivation::identity:
      y.setOnes();
      return;
    case InnerActivation::relu:
      d = (x > T(0)).template cast<T>();
      return;
    case InnerActivation::silu:  // s (1 + x (1 - s))
      d = x.logistic();
      d = d * (1 + x * (1 - d));
      return;
    case InnerActivation::gelu:  // Phi + x phi
      d = T(0.5) * (1 + (T(detail::sqrt_half) * x).erf()) + T(detail::normal_density_at_0) * x * (T(-0.5) * x.square()).exp();
      return;
    case InnerActivation::gelu_tanh:  // (1 + t + x t') / 2,   t' = (1 - t^2) u'
      d = Gelu::u(x).tanh();
      d = T(0.5) * (1 + d + x * (1 - d.square()) * Gelu::du(x));
      return;
  }
}

/// y = f''(z).
template <Real T>
void activation_curvature(InnerActivation f, ConstMatrixRef<T> z, MatrixRef<T> y) {
  using Gelu = detail::TanhGelu<T>;
  const auto x = z.array();
  auto d = y.array();
  switch (f) {
    case InnerActivation::identity:
    case InnerActivation::relu:
      y.setZero();
      return;
    case InnerActivation::silu:  // s (1 - s) (2 + x (1 - 2 s))
      d = x.logistic();
      d = d * (1 - d) * (2 + x * (1 - 2 * d));
      return;
    case InnerActivation::gelu:  // phi (2 - x^2)
      d = T(detail::normal_density_at_0) * (T(-0.5) * x.square()).exp() * (2 - x.square());
      return;
    case InnerActivation::gelu_tanh:  // t' + x t'' / 2,   t'' = (1 - t^2) (u'' - 2 t u'^2),   u'' = 6 c a x
      d = Gelu::u(x).tanh();
      d = (1 - d.square()) * (Gelu::du(x) + T(0.5) * x * (6 * Gelu::c * Gelu::a * x - 2 * d * Gelu::du(x).square()));
      return;
  }
}

}  // namespace deltanet
