#pragma once

#include <cmath>

#include "deltanet/core/random.hpp"

namespace deltanet {

/// Draws the bias of a decay's time step softplus(z + dt_bias) as Mamba-2 does: dt from exp(uniform(ln 0.001, ln 0.1)), and
/// dt_bias its inverse softplus, so that the step is dt where z is 0.
template <Real T>
void initialize_time_step(Vector<T>& dt_bias, Random& random) {
  for (T& entry : dt_bias) {
    const double dt = std::exp(random.uniform(std::log(0.001), std::log(0.1)));
    entry = static_cast<T>(dt + std::log(-std::expm1(-dt)));
  }
}

}  // namespace deltanet
