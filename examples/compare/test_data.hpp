#pragma once

#include <algorithm>

#include "compare/setting.hpp"

namespace compare {

constexpr std::uint64_t test_seed = 20241209;  // no run trains with it

/// Sequences of this length that are read at a time: about 8192 positions.
inline Index sequences_at_a_time(Index length) { return std::max<Index>(1, 8192 / length); }

inline Index greatest_length(const RunSetting& setting) {
  return *std::max_element(setting.test_lengths.begin(), setting.test_lengths.end());
}

}  // namespace compare
