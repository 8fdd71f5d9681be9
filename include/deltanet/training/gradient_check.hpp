#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "deltanet/core/check.hpp"
#include "deltanet/core/parameters.hpp"
#include "deltanet/core/random.hpp"

/// Compares analytic gradients with central finite differences, in double: write a layer, check it, know where it is wrong.
///
///   GradientReport report = check_layer_gradients(layer, x);
///   if (!report.passes()) std::cout << report.text();     // "... worst of 272 entries in q_proj.weight[3, 5]: ..."
namespace deltanet {

struct GradientCheckOptions {
  double step = 1e-4;            // the difference; its error falls with step^4, rounding grows with 1 / step
  Index entries_per_tensor = 0;  // so many entries of each tensor, drawn without order; 0 checks them all
  std::uint64_t seed = 1;        // of the drawn entries, and of the cotangent of a layer's output
};

/// The entry whose analytic gradient is furthest from its finite difference.
struct GradientReport {
  std::string tensor;        // its name in the parameter list
  std::vector<Index> entry;  // its place in that tensor
  double analytic = 0;
  double numeric = 0;
  double error = 0;   // |analytic - numeric|, less rounding, by the larger of both and 1/1000 of the tensor's largest
  Index checked = 0;  // entries that were compared

  [[nodiscard]] bool passes(double tolerance = 1e-6) const { return error <= tolerance; }

  [[nodiscard]] std::string text() const {
    return detail::concat("worst of ", checked, " entries in ", tensor, detail::shape_text(entry), ": analytic ", analytic,
                          ", finite difference ", numeric, ", relative error ", error);
  }
};

namespace detail {

/// [3, 5] for the flat index of row 3, column 5.
inline std::vector<Index> place_of(Index flat, const std::vector<Index>& shape) {
  std::vector<Index> place(shape.size());
  for (std::size_t axis = shape.size(); axis-- > 0; flat /= shape[axis]) place[axis] = flat % shape[axis];
  return place;
}

/// The derivative of `loss` by the number `x`, to fourth order: (8 (f(h) - f(-h)) - (f(2h) - f(-2h))) / 12 h.
template <class Loss>
double finite_difference(double& x, double step, const Loss& loss) {
  const double start = x;
  const auto at = [&](double offset) {
    x = start + offset;
    return loss();
  };
  const double near = at(step) - at(-step);
  const double far = at(2 * step) - at(-2 * step);
  x = start;
  return (8 * near - far) / (12 * step);
}

/// Compares one tensor and keeps the worst entry in the report.
template <class Loss>
void check_tensor(GradientReport& report, const std::string& name, const TensorSpan<double>& tensor, const double* analytic,
                  double noise, const GradientCheckOptions& options, Random& random, const Loss& loss) {
  const bool some = options.entries_per_tensor > 0 && options.entries_per_tensor < tensor.size();
  const Index count = some ? options.entries_per_tensor : tensor.size();
  std::vector<Index> entries;
  std::vector<double> numeric;
  double largest = 0;
  for (Index i = 0; i < count; ++i) {
    entries.push_back(some ? random.below(tensor.size()) : i);
    numeric.push_back(finite_difference(tensor.data[entries.back()], options.step, loss));
    largest = std::max({largest, std::abs(numeric.back()), std::abs(analytic[entries.back()])});
  }
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const double a = analytic[entries[i]];
    const double scale = std::max({std::abs(a), std::abs(numeric[i]), 1e-3 * largest, std::numeric_limits<double>::min()});
    double error = std::max(0.0, std::abs(a - numeric[i]) - noise) / scale;
    if (std::isnan(a) || std::isnan(numeric[i])) error = std::numeric_limits<double>::infinity();
    if (report.checked++ == 0 || error > report.error) {
      report.tensor = name, report.entry = place_of(entries[i], tensor.shape), report.error = error;
      report.analytic = a, report.numeric = numeric[i];
    }
  }
}

}  // namespace detail

/// Compares `gradients`, the analytic derivatives of the number loss() by `params`, with finite differences. loss() reads
/// `params`, which are changed and put back entry by entry. Four calls of loss an entry.
template <Parameters P, class Loss>
[[nodiscard]] GradientReport check_gradients(P& params, const P& gradients, const Loss& loss,
                                             const GradientCheckOptions& options = {}) {
  expect(options.step > 0, "step: expected a positive number, got ", options.step);
  Random random(options.seed);
  GradientReport report;
  // a loss of about 1 is known to a few epsilon; the differences divide that by the step
  const double noise = 32 * std::numeric_limits<double>::epsilon() * std::max(1.0, std::abs(loss())) / options.step;
  const auto check = [&](const TensorInfo& info, const TensorSpan<double>& tensor, const TensorSpan<const double>& gradient) {
    detail::check_tensor(report, info.name, tensor, gradient.data, noise, options, random, loss);
  };
  for_each_tensor(check, params, gradients);
  return report;
}

/// Checks backward of a Layer in double: the loss is the product of its output for x [B, T, D] with a random cotangent, and the
/// derivatives by all parameters and by x (named "x") are compared.
template <class L>
[[nodiscard]] GradientReport check_layer_gradients(L layer, View<const double, 3> x, const GradientCheckOptions& options = {}) {
  struct Everything {
    typename L::Params params;
    Tensor<double, 3> x;
    static constexpr auto fields() { return std::tuple{Field{"", &Everything::params}, Field{"x", &Everything::x}}; }
  };
  Tensor<double, 3> input(x.shape);
  rows(input) = x.rows();
  typename L::Cache cache;
  Tensor<double, 3> dy = layer.forward(input, nullptr, &cache);
  Random random(options.seed);
  random.fill_normal(dy);
  Everything gradients{zeros_like(layer.params), {}};
  gradients.x = layer.backward(cache, dy, gradients.params);
  Everything at{layer.params, std::move(input)};
  const auto loss = [&] {
    layer.params = at.params;
    return rows(layer.forward(at.x)).cwiseProduct(rows(dy)).sum();
  };
  return check_gradients(at, gradients, loss, options);
}

}  // namespace deltanet
