#pragma once

#include <cmath>
#include <limits>

#include "deltanet/core/tensor.hpp"

/// How far numbers that should be the same may be apart: the one place that says so.
namespace deltanet::test {

/// rms(a - b) / (rms(b) + 1e-8), infinite where the sizes differ or a number is not finite.
template <class A, class B>
[[nodiscard]] double relative_error(const A& a, const B& b) {
  if (a.size() != b.size()) return std::numeric_limits<double>::infinity();
  double difference = 0, reference = 0;
  for (Index i = 0; i < a.size(); ++i) {
    const auto x = static_cast<double>(a.data()[i]), y = static_cast<double>(b.data()[i]);
    difference += (x - y) * (x - y);
    reference += y * y;
  }
  const auto size = static_cast<double>(a.size() == 0 ? 1 : a.size());
  const double error = std::sqrt(difference / size) / (std::sqrt(reference / size) + 1e-8);
  return std::isfinite(error) ? error : std::numeric_limits<double>::infinity();
}

/// The relative error of two ways to compute the same sums of `terms` products: 16 sqrt(terms) epsilon.
template <Real T>
[[nodiscard]] double rounding(Index terms) {
  return 16 * std::sqrt(static_cast<double>(terms)) * static_cast<double>(std::numeric_limits<T>::epsilon());
}

/// The relative error of a finite difference in double.
inline constexpr double finite_difference_error = 1e-6;

/// Whether every bit is the same.
template <class A, class B>
[[nodiscard]] bool identical(const A& a, const B& b) {
  if (a.size() != b.size()) return false;
  for (Index i = 0; i < a.size(); ++i)
    if (a.data()[i] != b.data()[i]) return false;
  return true;
}

}  // namespace deltanet::test
