#pragma once

#include <cmath>
#include <optional>

#include "deltanet/core/product.hpp"
#include "deltanet/core/weight.hpp"
#include "deltanet/core/zeros.hpp"
#include "deltanet/layers/layer.hpp"
#include "deltanet/layers/tokens.hpp"

namespace deltanet {

/// Sizes and options of a linear map. Names are PyTorch's nn.Linear's.
struct LinearConfig {
  Index in_features = 0;
  Index out_features = 0;
  bool bias = true;
  /// Weights are drawn from normal(0, initializer_range) with biases 0; where absent, both from uniform(+-1 /
  /// sqrt(in_features)).
  std::optional<double> initializer_range{};
};

template <Real T>
struct LinearParams {
  Matrix<T> weight;               // [Out, In]; empty where it is kept in 16 bits
  std::optional<Vector<T>> bias;  // [Out]
  std::optional<Weight<T>> kept;  // the weight in 16 bits, for inference alone: no field

  [[nodiscard]] Index out_features() const { return kept ? kept->rows() : weight.rows(); }

  static constexpr auto fields() {
    return std::tuple{Field{"weight", &LinearParams::weight}, Field{"bias", &LinearParams::bias, no_weight_decay}};
  }
};

/// Parameters of a linear map, zero.
template <Real T>
[[nodiscard]] LinearParams<T> linear_params(const LinearConfig& config) {
  expect(config.in_features > 0 && config.out_features > 0,
         "linear: expected positive sizes, got in_features=", config.in_features, ", out_features=", config.out_features);
  LinearParams<T> params;
  params.weight.setZero(config.out_features, config.in_features);
  if (config.bias) params.bias = Vector<T>::Zero(config.out_features);
  return params;
}

/// Draws the parameters as nn.Linear does, or from normal(0, *initializer_range).
template <Real T>
void initialize_linear(LinearParams<T>& params, std::optional<double> initializer_range, Random& random) {
  if (initializer_range) {
    random.fill_normal(params.weight, *initializer_range);
    if (params.bias) params.bias->setZero();
    return;
  }
  const double bound = 1 / std::sqrt(static_cast<double>(params.weight.cols()));
  random.fill_uniform(params.weight, -bound, bound);
  if (params.bias) random.fill_uniform(*params.bias, -bound, bound);
}

/// Keeps the weight in 16 bits from now on, rounded to nearest: half the memory. It can then neither be learnt nor saved.
template <Real T>
void keep_in(Precision precision, LinearParams<T>& params) {
  if (precision == Precision::full) return;
  params.kept.emplace(params.weight, precision);
  params.weight.resize(0, 0);
}

/// y = x W^T + 1 b^T, summed as the pass asks.  x [M, In], y [M, Out].  O(M In Out).
template <Real T>
void linear(const LinearParams<T>& params, ConstMatrixRef<T> x, MatrixRef<T> y, Pass pass = Pass::inference) {
  if (params.kept)
    multiply_transposed<T>(x, *params.kept, y);
  else
    multiply_transposed<T>(x, params.weight, y, pass);
  if (!params.bias) return;
  detail::RowPieces(y.rows(), y.cols()).for_each([&](Index, Index first, Index count) {
    y.middleRows(first, count).rowwise() += params.bias->transpose();
  });
}

/// The gradients of `linear`, all added to: dx [M, In] and those of the parameters.
//
// forward: y = x W^T + 1 b^T
// so:      dx += dy W,   dW += dy^T x,   db += dy^T 1
template <Real T>
void linear_backward(const LinearParams<T>& params, ConstMatrixRef<T> x, ConstMatrixRef<T> dy, MatrixRef<T> dx,
                     LinearParams<T>& gradients) {
  expect(!params.kept, "weight: expected one in full for a gradient, got one kept in 16 bits");
  add_product<T>(dy, params.weight, dx);
  add_transposed_product<T>(dy, x, gradients.weight);
  if (!params.bias) return;
  const Vector<T> ones = Vector<T>::Ones(dy.rows());
  gradients.bias->noalias() += dy.transpose() * ones;
}

/// y = x W^T + 1 b^T for every token.  [B, T, In] -> [B, T, Out].
template <Real T>
class Linear {
 public:
  using Scalar = T;
  using Config = LinearConfig;
  using Params = LinearParams<T>;
  using State = NoState;
  struct Cache {
    Tensor<T, 3> x;  // [B, T, In]
  };

  Config config;
  Params params;

  explicit Linear(const Config& config_) : config(config_), params(linear_params<T>(config_)) {}

  void initialize(Random& random) { initialize_linear(params, config.initializer_range, random); }

  [[nodiscard]] State initial_state(Index /*batch*/) const { return {}; }

  Tensor<T, 3> forward(View<const T, 3> x, State* /*state*/ = nullptr, Cache* cache = nullptr,
                       const Sequences& /*sequences*/ = {}) const {
    const FlushToZero flush;
    expect_shape("x", x, {{"B", x.shape[0]}, {"T", x.shape[1]}, {"In", config.in_features}});
    if (cache) detail::keep(x, cache->x);
    Tensor<T, 3> y(x.shape[0], x.shape[1], config.out_features);
    linear<T>(params, x.rows(), rows(y), pass_of(cache));
    return y;
  }

  Tensor<T, 2> step(View<const T, 2> x, State& state) const { return detail::step_by_forward(*this, x, state); }

  Tensor<T, 3> backward(const Cache& cache, View<const T, 3> dy, Params& gradients) const {
    const FlushToZero flush;
    const View<const T, 3> x = cache.x;
    expect_shape("dy", dy, {{"B", x.shape[0]}, {"T", x.shape[1]}, {"Out", config.out_features}});
    Tensor<T, 3> dx = zeros<T>(x.shape[0], x.shape[1], x.shape[2]);
    linear_backward<T>(params, x.rows(), dy.rows(), rows(dx), gradients);
    return dx;
  }
};

static_assert(Layer<Linear<float>>);

}  // namespace deltanet
