#pragma once

#include <cmath>

#include "deltanet/core/activation.hpp"
#include "deltanet/core/product.hpp"
#include "deltanet/core/row_sums.hpp"
#include "deltanet/layers/layer.hpp"
#include "deltanet/layers/tokens.hpp"

namespace deltanet {

/// Names are flash-linear-attention's RMSNorm's.
struct RMSNormConfig {
  Index hidden_size = 0;
  double eps = 1e-5;
  bool zero_centered = false;  ///< the weight is what the factor differs from 1 by, as in Gemma and Qwen3.5

  /// What the weight is added to.
  [[nodiscard]] double center() const { return zero_centered ? 1 : 0; }
};

template <Real T>
struct RMSNormParams {
  Vector<T> weight;  // [D]

  static constexpr auto fields() { return std::tuple{Field{"weight", &RMSNormParams::weight, no_weight_decay}}; }
};

namespace detail {

/// 1 / sqrt(mean x^2 + eps).
template <Real T>
[[nodiscard]] T reciprocal_rms(const VectorMap<const T>& x, T eps) {
  return 1 / std::sqrt(row_dot(x.data(), x.data(), x.size()) / static_cast<T>(x.size()) + eps);
}

/// The gradient by one row x, given dn, that by n = x r with r = reciprocal_rms(x). dn and dx may be the same row.
//
// forward: n = r x,   r = (mean x^2 + eps)^-1/2
// so:      dx = r (dn - n mean(n dn))
template <Real T>
void reciprocal_rms_backward(const VectorMap<const T>& x, T r, const VectorMap<const T>& dn, VectorMap<T> dx) {
  const T projection = r * r * x.dot(dn) / static_cast<T>(x.size());
  dx = r * (dn - projection * x);
}

/// Adds the rows of `parts` to `sum`, in order.
template <Real T>
void add_rows(const Matrix<T>& parts, Vector<T>& sum) {
  for (Index i = 0; i < parts.rows(); ++i) sum += parts.row(i).transpose();
}

}  // namespace detail

/// y = x / sqrt(mean x^2 + eps) * (center + w) for every row of x [M, D].
template <Real T>
void rms_norm(const RMSNormParams<T>& params, double eps, ConstMatrixRef<T> x, MatrixRef<T> y, double center = 0) {
  detail::RowPieces(x.rows(), x.cols()).for_each([&](Index, Index first, Index count) {
    for (Index i = first; i < first + count; ++i) {
      const VectorMap<const T> row(x.row(i).data(), x.cols());
      VectorMap<T>(y.row(i).data(), y.cols()).array() =
          detail::reciprocal_rms(row, static_cast<T>(eps)) * row.array() * (params.weight.array() + static_cast<T>(center));
    }
  });
}

/// The gradients of `rms_norm`: writes dx [M, D] and adds to those of the parameters.
//
// forward: y = n (center + w),   n = x / sqrt(mean x^2 + eps)
// so:      dn = dy (center + w),   dw += sum over rows of dy n
template <Real T>
void rms_norm_backward(const RMSNormParams<T>& params, double eps, ConstMatrixRef<T> x, ConstMatrixRef<T> dy, MatrixRef<T> dx,
                       RMSNormParams<T>& gradients, double center = 0) {
  const Index D = x.cols();
  const detail::RowPieces pieces(x.rows(), D);
  Matrix<T> dweight = Matrix<T>::Zero(pieces.count(), D);
  pieces.for_each([&](Index piece, Index first, Index count) {
    Vector<T> dn(D);
    for (Index i = first; i < first + count; ++i) {
      const VectorMap<const T> row(x.row(i).data(), D), dy_row(dy.row(i).data(), D);
      const T r = detail::reciprocal_rms(row, static_cast<T>(eps));
      dn.array() =
          dy_row.array() * (params.weight.array() + static_cast<T>(center));  // an array cannot be resized, as g++ fears
      dweight.row(piece) += (r * row).cwiseProduct(dy_row).transpose();
      detail::reciprocal_rms_backward<T>(row, r, VectorMap<const T>(dn.data(), D), VectorMap<T>(dx.row(i).data(), D));
    }
  });
  detail::add_rows(dweight, gradients.weight);
}

/// Root mean square norm, arXiv 1910.07467: y = x / sqrt(mean x^2 + eps) * w over the last axis, with 1 + w where
/// it is zero-centered.  [B, T, D] -> [B, T, D].
template <Real T>
class RMSNorm {
 public:
  using Scalar = T;
  using Config = RMSNormConfig;
  using Params = RMSNormParams<T>;
  using State = NoState;
  struct Cache {
    Tensor<T, 3> x;  // [B, T, D]
  };

  Config config;
  Params params;

  explicit RMSNorm(const Config& config_) : config(config_) {
    expect(config.hidden_size > 0, "hidden_size: expected at least 1, got ", config.hidden_size);
    expect(config.eps > 0, "eps: expected more than 0, got ", config.eps);
    params.weight.setConstant(config.hidden_size, static_cast<T>(1 - config.center()));
  }

  void initialize(Random& /*random*/) { params.weight.setConstant(static_cast<T>(1 - config.center())); }

  [[nodiscard]] State initial_state(Index /*batch*/) const { return {}; }

  Tensor<T, 3> forward(View<const T, 3> x, State* /*state*/ = nullptr, Cache* cache = nullptr,
                       const Sequences& /*sequences*/ = {}) const {
    const FlushToZero flush;
    expect_shape("x", x, {{"B", x.shape[0]}, {"T", x.shape[1]}, {"D", config.hidden_size}});
    if (cache) detail::keep(x, cache->x);
    Tensor<T, 3> y(x.shape);
    rms_norm<T>(params, config.eps, x.rows(), rows(y), config.center());
    return y;
  }

  Tensor<T, 2> step(View<const T, 2> x, State& state) const { return detail::step_by_forward(*this, x, state); }

  Tensor<T, 3> backward(const Cache& cache, View<const T, 3> dy, Params& gradients) const {
    const FlushToZero flush;
    const View<const T, 3> x = cache.x;
    expect_shape("dy", dy, {{"B", x.shape[0]}, {"T", x.shape[1]}, {"D", x.shape[2]}});
    Tensor<T, 3> dx(x.shape);
    rms_norm_backward<T>(params, config.eps, x.rows(), dy.rows(), rows(dx), gradients, config.center());
    return dx;
  }
};

static_assert(Layer<RMSNorm<float>>);

}  // namespace deltanet
