#pragma once

#include <algorithm>
#include <cmath>

#include "deltanet/core/check.hpp"

namespace deltanet {

/// A learning rate that rises linearly from 0 to `peak` and then falls along half a cosine to `floor`.
///
/// It is a function of the share of the run that is done, in [0, 1]: steps taken of all steps, or seconds spent of a time
/// budget. In steps: `rate(step / steps)`, and a warm-up of W steps is `warmup = W / steps`.
struct WarmupCosine {
  double peak = 1e-3;
  double floor = 0;      // the rate at the end of the run
  double warmup = 0.02;  // the share of the run during which the rate rises

  /// Throws unless 0 <= floor <= peak and warmup is in [0, 1].
  void validate() const {
    expect(peak >= 0, "peak: expected a number >= 0, got ", peak);
    expect_range("floor", floor, 0.0, peak);
    expect_range("warmup", warmup, 0.0, 1.0);
  }

  /// The learning rate when `done`, a share of the run, is behind us; beyond 1 it stays at the floor.
  [[nodiscard]] double rate(double done) const {
    if (done < warmup) return peak * std::max(done, 0.0) / warmup;
    const double falling = warmup < 1 ? std::min((done - warmup) / (1 - warmup), 1.0) : 1.0;
    return floor + (peak - floor) * 0.5 * (1 + std::cos(3.14159265358979323846 * falling));
  }
};

}  // namespace deltanet
