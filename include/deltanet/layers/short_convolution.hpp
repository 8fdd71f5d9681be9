#pragma once

#include <cmath>
#include <optional>

#include "deltanet/core/packet_map.hpp"
#include "deltanet/core/zeros.hpp"
#include "deltanet/layers/feature_map.hpp"
#include "deltanet/layers/layer.hpp"
#include "deltanet/layers/tokens.hpp"

namespace deltanet {

/// Names and defaults are flash-linear-attention's ShortConvolution's.
struct ShortConvolutionConfig {
  Index hidden_size = 0;
  Index kernel_size = 4;
  bool bias = false;
  FeatureMap activation = FeatureMap::silu;
  /// Weights are drawn from normal(0, initializer_range) with biases 0; where absent, both from uniform(+-1 /
  /// sqrt(kernel_size)).
  std::optional<double> initializer_range{};
};

template <Real T>
struct ShortConvolutionParams {
  Tensor<T, 3> weight;            // [D, 1, W]
  std::optional<Vector<T>> bias;  // [D]

  static constexpr auto fields() {
    return std::tuple{Field{"weight", &ShortConvolutionParams::weight},
                      Field{"bias", &ShortConvolutionParams::bias, no_weight_decay}};
  }
};

/// Parameters of a short convolution, zero.
template <Real T>
[[nodiscard]] ShortConvolutionParams<T> short_convolution_params(const ShortConvolutionConfig& config) {
  expect(config.hidden_size > 0 && config.kernel_size > 0,
         "short convolution: expected positive sizes, got hidden_size=", config.hidden_size,
         ", kernel_size=", config.kernel_size);
  ShortConvolutionParams<T> params{zeros<T>(config.hidden_size, 1, config.kernel_size), {}};
  if (config.bias) params.bias = Vector<T>::Zero(config.hidden_size);
  return params;
}

/// Draws the parameters as nn.Conv1d does, or from normal(0, *initializer_range).
template <Real T>
void initialize_short_convolution(ShortConvolutionParams<T>& params, std::optional<double> initializer_range, Random& random) {
  if (initializer_range) {
    random.fill_normal(params.weight, *initializer_range);
    if (params.bias) params.bias->setZero();
    return;
  }
  const double bound = 1 / std::sqrt(static_cast<double>(params.weight.dimension(2)));
  random.fill_uniform(params.weight, -bound, bound);
  if (params.bias) random.fill_uniform(*params.bias, -bound, bound);
}

namespace detail {

/// The inputs of a convolution, the W - 1 tokens before the first of each sequence included: zeros, or from a state [N, D, W].
template <Real T>
class ConvolutionInputs {
 public:
  ConvolutionInputs(View<const T, 3> x, View<const T, 3> before, Index W, const Sequences& sequences)
      : x_(x),
        past_(W - 1),
        sequences_(sequences.cut(x.shape[0], x.shape[1])),
        history_(Matrix<T>::Zero(size() * past_, x.shape[2])) {
    if (before.absent()) return;
    for (Index n = 0; n < size(); ++n) {
      const MatrixMap<const T> taps(before.data + n * x.shape[2] * W, x.shape[2], W);  // [D, W]
      history_.middleRows(n * past_, past_) = taps.rightCols(past_).transpose();
    }
  }

  /// The number N of sequences.
  [[nodiscard]] Index size() const { return static_cast<Index>(sequences_.size()); }
  [[nodiscard]] const Sequence& operator[](Index n) const { return sequences_[static_cast<std::size_t>(n)]; }

  /// The sequence from n on that has row i of all tokens.
  [[nodiscard]] Index sequence_of(Index i, Index n = 0) const {
    while (i >= (*this)[n].end) ++n;
    return n;
  }

  /// Token t >= 1 - W of sequence n, from `column` on.
  [[nodiscard]] VectorMap<const T> operator()(Index n, Index t, Index column, Index columns) const {
    const T* row = t >= 0 ? x_.data + ((*this)[n].begin + t) * x_.shape[2] : history_.row(n * past_ + past_ + t).data();
    return {row + column, columns};
  }

 private:
  View<const T, 3> x_;
  Index past_;
  PoolVector<Sequence> sequences_;  // [N]
  Matrix<T> history_;               // [N (W - 1), D]
};

/// The weights as one contiguous row a tap: [D, 1, W] -> [W, D].
template <Real T>
[[nodiscard]] Matrix<T> taps_of(const ShortConvolutionParams<T>& params) {
  const Index D = params.weight.dimension(0), W = params.weight.dimension(2);
  return MatrixMap<const T>(params.weight.data(), D, W).transpose();
}

/// z = sum_w taps_w x_{t-W+1+w} + bias, for some columns of one token.
template <Real T>
void convolve(const ConvolutionInputs<T>& inputs, const Matrix<T>& taps, const std::optional<Vector<T>>& bias, Index n, Index t,
              Index column, VectorMap<T> z) {
  const Index W = taps.rows(), columns = z.size();
  const auto tap = [&](Index w) { return taps.row(w).data() + column; };
  const auto input = [&](Index w) { return inputs(n, t - W + 1 + w, column, columns).data(); };
  const auto one = [](const auto& a, const auto& x) { return a * x; };
  const auto add_one = [](const auto& sum, const auto& a, const auto& x) { return sum + a * x; };
  const auto add_two = [](const auto& sum, const auto& a, const auto& x, const auto& b, const auto& y) {
    return sum + (a * x + b * y);
  };
  Index w = 0;
  if (bias) {
    z = bias->segment(column, columns);
  } else {
    map_packets(columns, z.data(), one, tap(w), input(w));
    ++w;
  }
  for (; w + 1 < W; w += 2) map_packets(columns, z.data(), add_two, z.data(), tap(w), input(w), tap(w + 1), input(w + 1));
  if (w < W) map_packets(columns, z.data(), add_one, z.data(), tap(w), input(w));
}

}  // namespace detail

/// y_t = phi( sum_w weight_w x_{t-W+1+w} + bias ) for every token, channel by channel: causal and depthwise, and within each
/// sequence alone.
///
/// x, y [B, T, D]; `before` is the state [N, D, W] before the first tokens, zeros where absent.  O(B T D W).
template <Real T>
void short_convolution(const ShortConvolutionParams<T>& params, FeatureMap phi, std::type_identity_t<View<const T, 3>> x,
                       std::type_identity_t<View<const T, 3>> before, std::type_identity_t<View<T, 3>> y,
                       const Sequences& sequences = {}) {
  const Index D = x.shape[2];
  const Matrix<T> taps = detail::taps_of(params);
  const detail::ConvolutionInputs<T> inputs(x, before, taps.rows(), sequences);
  detail::RowPieces(x.shape[0] * x.shape[1], D).for_each([&](Index, Index first, Index count) {
    Index n = 0;
    for (Index i = first; i < first + count; ++i) {
      n = inputs.sequence_of(i, n);
      const VectorMap<T> z(y.data + i * D, D);
      detail::convolve(inputs, taps, params.bias, n, i - inputs[n].begin, 0, z);
      apply_feature_map<T>(phi, z);
    }
  });
}

/// The gradients of `short_convolution`: d [B, T, D] is dy before and dx after; those of the parameters, and dbefore [N, D, W]
/// where it is not absent, are added to.
//
// forward: z_t = sum_w taps_w x_{t-W+1+w} + bias,   y_t = phi(z_t)
// so:      dz_t = dy_t phi'(z_t),   dx_{t-W+1+w} += taps_w dz_t,   dtaps_w += dz_t x_{t-W+1+w},   dbias += dz_t
template <Real T>
void short_convolution_backward(const ShortConvolutionParams<T>& params, FeatureMap phi,
                                std::type_identity_t<View<const T, 3>> x, std::type_identity_t<View<const T, 3>> before,
                                std::type_identity_t<View<T, 3>> d, ShortConvolutionParams<T>& gradients,
                                const Sequences& sequences = {}, std::type_identity_t<View<T, 3>> dbefore = {}) {
  const Index D = x.shape[2];
  const Matrix<T> taps = detail::taps_of(params);
  const Index W = taps.rows();
  const detail::ConvolutionInputs<T> inputs(x, before, W, sequences);
  constexpr Index slice = 128;
  const Index slices = (D + slice - 1) / slice;
  Matrix<T> sums = Matrix<T>::Zero(inputs.size() * (W + 1), D);  // for each sequence dtaps, then dbias
  parallel_for(inputs.size() * slices, [&](Index piece) {
    const Index n = piece / slices, column = piece % slices * slice, columns = std::min(slice, D - column);
    const auto sum = [&](Index w) { return VectorMap<T>(sums.row(n * (W + 1) + w).data() + column, columns); };
    Vector<T> z(columns), dz(columns);
    for (Index t = 0; t < inputs[n].tokens(); ++t) {
      const auto gradient = [&](Index time) { return VectorMap<T>(d.data + (inputs[n].begin + time) * D + column, columns); };
      detail::convolve<T>(inputs, taps, params.bias, n, t, column, VectorMap<T>(z.data(), columns));
      dz = gradient(t);
      apply_feature_map_derivative<T>(phi, VectorMap<const T>(z.data(), columns), VectorMap<T>(dz.data(), columns));
      sum(W) += dz;
      for (Index w = 0; w < W; ++w) {
        const Index time = t - W + 1 + w;
        const VectorMap<const T> tap(taps.row(w).data() + column, columns);
        sum(w) += dz.cwiseProduct(inputs(n, time, column, columns));
        if (time == t) {
          gradient(t) = tap.cwiseProduct(dz);
        } else if (time >= 0) {
          gradient(time) += tap.cwiseProduct(dz);
        } else if (!dbefore.absent()) {
          MatrixMap<T>(dbefore.data + n * D * W, D, W).col(W + time).segment(column, columns) += tap.cwiseProduct(dz);
        }
      }
    }
  });
  MatrixMap<T> dweight(gradients.weight.data(), D, W);
  for (Index n = 0; n < inputs.size(); ++n) {
    dweight += sums.middleRows(n * (W + 1), W).transpose();
    if (params.bias) *gradients.bias += sums.row(n * (W + 1) + W).transpose();
  }
}

/// Shifts the inputs x [B, T, D] into the state [N, D, W]: its last W columns of (state, x), the newest in the last column.
template <Real T>
void shift_convolution_state(View<const T, 3> x, Tensor<T, 3>& state, const Sequences& sequences = {}) {
  const Index D = x.shape[2], W = state.dimension(2);
  T* next = state.data();
  for (const detail::Sequence& sequence : sequences.cut(x.shape[0], x.shape[1])) {
    MatrixMap<T> columns(next, D, W);
    next += D * W;
    for (Index w = 0; w < W; ++w) {
      const Index time = sequence.tokens() - W + w;
      if (time < 0) {
        columns.col(w) = columns.col(w + sequence.tokens());
      } else {
        columns.col(w) = VectorMap<const T>(x.data + (sequence.begin + time) * D, D);
      }
    }
  }
}

/// The gradients of `shift_convolution_state`: adds to dx [B, T, D]; `d` is that by the state after, and becomes that by the
/// state before.
template <Real T>
void shift_convolution_state_backward(View<T, 3> dx, Tensor<T, 3>& d, const Sequences& sequences = {}) {
  const Index D = dx.shape[2], W = d.dimension(2);
  T* next = d.data();
  for (const detail::Sequence& sequence : sequences.cut(dx.shape[0], dx.shape[1])) {
    MatrixMap<T> columns(next, D, W);
    next += D * W;
    for (Index w = W - 1; w >= 0; --w) {  // from the newest: what moves lands in columns that were read
      const Index time = sequence.tokens() - W + w;
      if (time >= 0) {
        VectorMap<T>(dx.data + (sequence.begin + time) * D, D) += columns.col(w);
      } else {
        columns.col(w + sequence.tokens()) = columns.col(w);
      }
      if (w < sequence.tokens()) columns.col(w).setZero();
    }
  }
}

/// Depthwise causal convolution over the last W tokens, then an activation: flash-linear-attention's ShortConvolution.
/// [B, T, D] -> [B, T, D]. The state is the last W raw inputs of each sequence, [N, D, W], zeros before the first token.
template <Real T>
class ShortConvolution {
 public:
  using Scalar = T;
  using Config = ShortConvolutionConfig;
  using Params = ShortConvolutionParams<T>;
  using State = Tensor<T, 3>;  // [N, D, W]
  struct Cache {
    Tensor<T, 3> x;       // [B, T, D]
    Tensor<T, 3> before;  // [N, D, W], the state before
    Sequences sequences;
  };

  Config config;
  Params params;

  explicit ShortConvolution(const Config& config_) : config(config_), params(short_convolution_params<T>(config_)) {}

  void initialize(Random& random) { initialize_short_convolution(params, config.initializer_range, random); }

  [[nodiscard]] State initial_state(Index batch) const { return zeros<T>(batch, config.hidden_size, config.kernel_size); }

  Tensor<T, 3> forward(View<const T, 3> x, State* state = nullptr, Cache* cache = nullptr,
                       const Sequences& sequences = {}) const {
    const FlushToZero flush;
    expect_shape("x", x, {{"B", x.shape[0]}, {"T", x.shape[1]}, {"D", config.hidden_size}});
    const Index N = sequences.count(x.shape[0], x.shape[1]);
    if (state)
      expect_shape("conv_state", View<const T, 3>(*state), {{"N", N}, {"D", config.hidden_size}, {"W", config.kernel_size}});
    if (cache) {
      detail::keep(x, cache->x);
      cache->before = state ? *state : initial_state(N);
      cache->sequences = sequences;
    }
    Tensor<T, 3> y(x.shape);
    short_convolution(params, config.activation, x, state ? View<const T, 3>(*state) : View<const T, 3>(), y, sequences);
    if (state) shift_convolution_state(x, *state, sequences);
    return y;
  }

  Tensor<T, 2> step(View<const T, 2> x, State& state) const { return detail::step_by_forward(*this, x, state); }

  Tensor<T, 3> backward(const Cache& cache, View<const T, 3> dy, Params& gradients) const {
    const FlushToZero flush;
    const View<const T, 3> x = cache.x;
    expect_shape("dy", dy, {{"B", x.shape[0]}, {"T", x.shape[1]}, {"D", x.shape[2]}});
    Tensor<T, 3> d;
    detail::keep(dy, d);
    short_convolution_backward(params, config.activation, x, cache.before, d, gradients, cache.sequences);
    return d;
  }
};

static_assert(Layer<ShortConvolution<float>>);

}  // namespace deltanet
