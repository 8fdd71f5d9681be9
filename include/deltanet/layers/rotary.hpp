#pragma once

#include <cmath>
#include <vector>

#include "deltanet/core/packet_map.hpp"
#include "deltanet/layers/tokens.hpp"

namespace deltanet {

/// Rotary positions, arXiv 2104.09864, in the order of halves that Llama and its kin use: the entries i and i + dim / 2 of a
/// head are turned as a plane by the angle position * theta^(-2 i / dim). Entries from `dim` on stay as they are.
struct RotaryConfig {
  double theta = 10000;
  Index dim = 0;  ///< even, at most the width of a head; 0 turns nothing
};

/// The rotations of some tokens.
template <Real T>
class Rotation {
 public:
  /// Of a token at each of the positions; angles are computed in double.
  Rotation(const RotaryConfig& config, const detail::PoolVector<Index>& positions)
      : cos_(static_cast<Index>(positions.size()), config.dim / 2), sin_(cos_.rows(), cos_.cols()) {
    for (Index i = 0; i < cos_.cols(); ++i) {
      const double frequency = std::pow(config.theta, -2.0 * static_cast<double>(i) / static_cast<double>(config.dim));
      for (Index t = 0; t < cos_.rows(); ++t) {
        const double angle = static_cast<double>(positions[static_cast<std::size_t>(t)]) * frequency;
        cos_(t, i) = static_cast<T>(std::cos(angle));
        sin_(t, i) = static_cast<T>(std::sin(angle));
      }
    }
  }

  /// Turns every head of the tokens x [M, H, K] in place.
  void apply(View<T, 3> x) const { turn(x, T(1)); }
  /// Turns them back, which is also the gradient of `apply`: a rotation's transpose is its inverse.
  void apply_inverse(View<T, 3> x) const { turn(x, T(-1)); }

 private:
  // (a, b) -> (a cos - b sin, b cos + a sin)
  void turn(View<T, 3> x, T direction) const {
    const Index half = cos_.cols(), H = x.shape[1], K = x.shape[2];
    if (half == 0) return;
    const auto new_a = [direction](const auto& a, const auto& b, const auto& cos, const auto& sin) {
      return a * cos - b * (direction * sin);
    };
    const auto new_b = [direction](const auto& a, const auto& b, const auto& cos, const auto& sin) {
      return b * cos + a * (direction * sin);
    };
    detail::RowPieces(x.shape[0], H * K).for_each([&](Index, Index first, Index count) {
      Vector<T> before(half);
      for (Index i = first * H; i < (first + count) * H; ++i) {
        const T *cos = cos_.row(i / H).data(), *sin = sin_.row(i / H).data();
        T *a = x.data + i * K, *b = a + half;
        std::copy_n(a, half, before.data());
        detail::map_packets(half, a, new_a, a, b, cos, sin);
        detail::map_packets(half, b, new_b, before.data(), b, cos, sin);
      }
    });
  }

  Matrix<T> cos_, sin_;  // [M, dim / 2]
};

}  // namespace deltanet
