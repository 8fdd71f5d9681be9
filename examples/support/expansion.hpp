#pragma once

#include <cmath>
#include <limits>

#include "deltanet/core/tensor.hpp"

namespace example {

/// The share e of `size` with int(size * e) == width, as flash-linear-attention's DeltaNet wants its widths told.
inline double expansion(deltanet::Index width, deltanet::Index size) {
  return std::nextafter(static_cast<double>(width) / static_cast<double>(size), std::numeric_limits<double>::infinity());
}

}  // namespace example
