#pragma once

#include "deltanet/core/zeros.hpp"
#include "deltanet/layers/linear.hpp"

namespace deltanet {

/// Sizes of a linear map of low rank, and whether it has a bias.
struct LowRankConfig {
  Index in_features = 0;
  Index rank = 0;
  Index out_features = 0;
  bool bias = false;
};

/// Two linear maps in a row, named as in an nn.Sequential. Only the second may have a bias.
template <Real T>
struct LowRankParams {
  LinearParams<T> down;  // weight [R, In]
  LinearParams<T> up;    // weight [Out, R], bias [Out]

  static constexpr auto fields() { return std::tuple{Field{"0", &LowRankParams::down}, Field{"1", &LowRankParams::up}}; }
};

/// Parameters of a linear map of low rank, zero.
template <Real T>
[[nodiscard]] LowRankParams<T> low_rank_params(const LowRankConfig& config) {
  return {linear_params<T>({.in_features = config.in_features, .out_features = config.rank, .bias = false}),
          linear_params<T>({.in_features = config.rank, .out_features = config.out_features, .bias = config.bias})};
}

/// Draws both maps as `initialize_linear` does.
template <Real T>
void initialize_low_rank(LowRankParams<T>& params, std::optional<double> initializer_range, Random& random) {
  initialize_linear(params.down, initializer_range, random);
  initialize_linear(params.up, initializer_range, random);
}

/// y = (x A^T) B^T + 1 b^T, with A the weight of `down`, B and b of `up`. x [M, In], y [M, Out]; keeps x A^T in `inner` [M, R].
/// Summed as the pass asks. O(M R (In + Out)).
template <Real T>
void low_rank(const LowRankParams<T>& params, ConstMatrixRef<T> x, Matrix<T>& inner, MatrixRef<T> y,
              Pass pass = Pass::inference) {
  inner.resize(x.rows(), params.down.out_features());
  linear<T>(params.down, x, inner, pass);
  linear<T>(params.up, inner, y, pass);
}

/// The gradients of `low_rank`, all added to: dx [M, In] and those of the parameters.
//
// forward: h = x A^T,   y = h B^T + 1 b^T
// so:      dh = dy B, and on through both maps
template <Real T>
void low_rank_backward(const LowRankParams<T>& params, ConstMatrixRef<T> x, ConstMatrixRef<T> inner, ConstMatrixRef<T> dy,
                       MatrixRef<T> dx, LowRankParams<T>& gradients) {
  Matrix<T> dinner = zero_matrix<T>(inner.rows(), inner.cols());
  linear_backward<T>(params.up, inner, dy, dinner, gradients.up);
  linear_backward<T>(params.down, x, dinner, dx, gradients.down);
}

}  // namespace deltanet
