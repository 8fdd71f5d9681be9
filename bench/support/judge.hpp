#pragma once

#include <cmath>
#include <string>

#include "deltanet/core/check.hpp"

/// The judge of results: nothing is timed that is wrong.
namespace deltanet::bench {

/// The largest relative error allowed against a reference in double; the bounds of the golden cases.
template <Real T>
[[nodiscard]] double bound(std::string_view tensor) {
  if (std::is_same_v<T, double>) return 1e-9;
  return tensor == "dg" ? 1e-4 : 1e-5;
}

/// rms(result - exact) / (rms(exact) + 1e-8).
template <class Result, class Exact>
[[nodiscard]] double relative_error(const Result& result, const Exact& exact) {
  const VectorMap<const typename Result::Scalar> a(result.data(), result.size());
  const VectorMap<const double> b(exact.data(), exact.size());
  const double entries = std::sqrt(static_cast<double>(std::max<Index>(b.size(), 1)));
  return (a.template cast<double>() - b).norm() / entries / (b.norm() / entries + 1e-8);
}

/// Keeps the first complaint about tensors that are compared with their reference. `slack` times the bounds are allowed, for
/// what is lost in rounding whoever calculates it.
class Judge {
 public:
  explicit Judge(std::string what, double slack = 1) : what_(std::move(what)), slack_(slack) {}

  /// The relative error must stay within the bound.
  template <class T, class Result, class Exact>
  void compare(const std::string& tensor, const Result& result, const Exact& exact) {
    if (!complaint_.empty()) return;
    const double error = relative_error(result, exact), allowed = slack_ * bound<T>(tensor);
    if (error <= allowed) return;  // not a number is no pass
    complaint_ = deltanet::detail::concat(what_, ": ", tensor, " is wrong: relative error ", error,
                                          " against the definition in double, allowed ", allowed);
  }

  /// Empty if all was right.
  [[nodiscard]] const std::string& complaint() const { return complaint_; }

 private:
  std::string what_, complaint_;
  double slack_;
};

}  // namespace deltanet::bench
