#pragma once

#include <cmath>
#include <vector>

#include "deltanet/core/check.hpp"
#include "deltanet/training/pieces.hpp"

namespace deltanet {

/// The Euclidean norm of all entries of a parameter list together. Squares are summed in double over fixed pieces, and the
/// pieces in order: the result is the same for any number of threads.
template <Parameters P>
[[nodiscard]] double global_norm(const P& gradients) {
  const FlushToZero flush;
  detail::PoolVector<double> squares;
  const auto sum_squares = [&](Index piece, WeightDecay, const auto& entries) {
    squares[static_cast<std::size_t>(piece)] = entries.template cast<double>().squaredNorm();
  };
  const detail::Pieces pieces(sum_squares, gradients);
  squares.resize(static_cast<std::size_t>(pieces.count()));
  pieces.run();
  double sum = 0;
  for (const double square : squares) sum += square;
  return std::sqrt(sum);
}

/// Scales the gradients down to a global norm of `max_norm` if theirs is larger, and returns the norm that they had. As in
/// torch.nn.utils.clip_grad_norm_, without its 1e-6. A norm that is not finite leaves the gradients alone: the caller sees it.
template <Parameters P>
double clip_global_norm(P& gradients, double max_norm) {
  const FlushToZero flush;
  expect(max_norm > 0, "max_norm: expected a positive number, got ", max_norm);
  const double norm = global_norm(gradients);
  if (!std::isfinite(norm) || norm <= max_norm) return norm;
  const double factor = max_norm / norm;
  const auto scale = [&](Index, WeightDecay, auto& entries) {
    entries *= static_cast<typename std::remove_reference_t<decltype(entries)>::Scalar>(factor);
  };
  detail::for_each_piece(scale, gradients);
  return norm;
}

}  // namespace deltanet
