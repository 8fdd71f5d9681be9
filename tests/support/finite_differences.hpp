#pragma once

#include <string>

#include "deltanet/training/gradient_check.hpp"

namespace deltanet::test {

/// The worst relative error of an analytic gradient, and where it is. Prints as one line.
struct GradientError {
  double worst = 0;
  std::string where;
};

/// Compares `gradient`, the analytic derivative of loss() by every entry of `x`, with fourth-order central differences in
/// double. loss() reads x, which is changed and put back.
template <class Loss>
[[nodiscard]] GradientError finite_difference_error_of(const TensorSpan<double>& x, const double* gradient, const Loss& loss,
                                                       const std::string& name = "x") {
  const GradientCheckOptions options;
  const double noise = 32 * std::numeric_limits<double>::epsilon() * std::max(1.0, std::abs(loss())) / options.step;
  GradientReport report;
  Random random(options.seed);
  deltanet::detail::check_tensor(report, name, x, gradient, noise, options, random, loss);
  return {report.error, report.text()};
}

/// The same for a matrix, vector or tensor.
template <class Container, class Loss>
[[nodiscard]] GradientError finite_difference_error_of(Container& x, const Container& gradient, const Loss& loss) {
  return finite_difference_error_of(TensorSpan<double>{x.data(), {static_cast<Index>(x.size())}}, gradient.data(), loss);
}

}  // namespace deltanet::test
