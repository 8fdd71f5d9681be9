#pragma once

#include <cmath>
#include <cstdint>
#include <random>

#include "deltanet/core/flush_to_zero.hpp"
#include "deltanet/core/tensor.hpp"

namespace deltanet {

/// Seeded random numbers, the same on every platform: a Mersenne Twister with own distributions, since the standard leaves
/// the algorithms of std::normal_distribution and friends open.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  /// Uniform in [0, 1), 53 bits.
  double uniform() { return static_cast<double>(engine_() >> 11) * 0x1p-53; }

  /// Uniform in [low, high).
  double uniform(double low, double high) { return low + (high - low) * uniform(); }

  /// Uniform integer in [0, bound). The modulo bias is under bound / 2^64.
  Index below(Index bound) { return static_cast<Index>(engine_() % static_cast<std::uint64_t>(bound)); }

  /// Standard normal (Box and Muller's transform; the second of each pair is not kept, so that the engine is the whole state).
  double normal() {
    const FlushToZero flush;
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return radius * std::cos(6.283185307179586477 * uniform());
  }

  /// Fills any Eigen matrix or tensor with normal(0, deviation) in memory order.
  template <class Container>
  void fill_normal(Container& container, double deviation = 1) {
    const FlushToZero flush;
    for (Index i = 0; i < container.size(); ++i)
      container.data()[i] = static_cast<typename Container::Scalar>(deviation * normal());
  }

  /// Fills any Eigen matrix or tensor with uniform(low, high) in memory order.
  template <class Container>
  void fill_uniform(Container& container, double low, double high) {
    const FlushToZero flush;
    for (Index i = 0; i < container.size(); ++i)
      container.data()[i] = static_cast<typename Container::Scalar>(uniform(low, high));
  }

  /// The generator itself, whose stream operators save and restore it.
  std::mt19937_64& engine() { return engine_; }
  [[nodiscard]] const std::mt19937_64& engine() const { return engine_; }

 private:
  std::mt19937_64 engine_;
};

}  // namespace deltanet
