#pragma once

#include "deltanet/core/zeros.hpp"
#include "deltanet/layers/head_norm.hpp"
#include "deltanet/layers/linear.hpp"
#include "deltanet/layers/short_convolution.hpp"

/// How a delta-rule layer makes one of q, k, v of its tokens:
///
///   projection -> short convolution -> feature map -> heads -> norm.
namespace deltanet {

/// One of q, k, v on its way from the projection to the heads.
template <Real T>
struct BranchCache {
  Tensor<T, 3> projected;              // [B, T, H K]
  std::optional<Tensor<T, 3>> before;  // [N, H K, W]: the convolution's state before, where there was one
  Tensor<T, 3> features;               // [B, T, H K]: before the sum norm, where there is one
  Tensor<T, 3> out;                    // [B, T, H K]
};

namespace detail {

/// A row of all heads as heads: [B, T, H K] -> [B, T, H, K].
template <class T>
[[nodiscard]] View<T, 4> as_heads(const View<T, 3>& x, Index heads) {
  return {x.data, {x.shape[0], x.shape[1], heads, x.shape[2] / heads}};
}

/// Heads as a row of all heads: [B, T, H, K] -> [B, T, H K].
template <Real T>
[[nodiscard]] View<T, 3> as_row_of_heads(Tensor<T, 4>& x) {
  return {x.data(), {x.dimension(0), x.dimension(1), x.dimension(2) * x.dimension(3)}};
}

/// What makes one of q, k, v.
template <Real T>
struct Branch {
  const LinearParams<T>& projection;
  const std::optional<ShortConvolutionParams<T>>& convolution;
  FeatureMap phi;
  Index heads;
  bool sum_norm;

  /// Fills `cache`, after the convolution's state where it is given. The product is summed as the pass asks.
  void forward(View<const T, 3> x, std::optional<Tensor<T, 3>> conv_state, BranchCache<T>& cache,
               const Sequences& sequences = {}, Pass pass = Pass::inference) const {
    const Index width = projection.out_features();
    cache.projected.resize(x.shape[0], x.shape[1], width);
    cache.out.resize(x.shape[0], x.shape[1], width);
    linear<T>(projection, x.rows(), rows(cache.projected), pass);
    if (convolution) {
      cache.before = std::move(conv_state);
      short_convolution(*convolution, phi, cache.projected, past(cache), cache.out, sequences);
    } else {
      keep<T>(cache.projected, cache.out);
      for_each_range(cache.out.size(),
                     [&](Index begin, Index size) { apply_feature_map<T>(phi, VectorMap<T>(cache.out.data() + begin, size)); });
    }
    if (!sum_norm) return;
    keep<T>(cache.out, cache.features);
    deltanet::sum_norm<T>(as_heads<T>(cache.out, heads).rows());
  }

  /// d is the gradient by cache.out, and is written over; adds to dx [B T, D] and to the parameters' gradients. *dstate, where
  /// it is not null, is the gradient by the convolution's state after, and becomes that by its state before.
  void backward(View<const T, 3> x, const BranchCache<T>& cache, View<T, 3> d, MatrixRef<T> dx, LinearParams<T>& dprojection,
                std::optional<ShortConvolutionParams<T>>& dconvolution, const Sequences& sequences = {},
                std::optional<Tensor<T, 3>>* dstate = nullptr) const {
    if (sum_norm) sum_norm_backward<T>(as_heads<const T>(cache.features, heads).rows(), as_heads(d, heads).rows());
    if (convolution) {
      Tensor<T, 3> dbefore;
      if (dstate) dbefore = zeros<T>((*dstate)->dimension(0), (*dstate)->dimension(1), (*dstate)->dimension(2));
      short_convolution_backward(*convolution, phi, cache.projected, past(cache), d, *dconvolution, sequences,
                                 dstate ? View<T, 3>(dbefore) : View<T, 3>());
      if (dstate) {
        shift_convolution_state_backward<T>(d, **dstate, sequences);
        add_to(**dstate, dbefore);
      }
    } else {
      for_each_range(d.size(), [&](Index begin, Index size) {
        apply_feature_map_derivative<T>(phi, VectorMap<const T>(cache.projected.data() + begin, size),
                                        VectorMap<T>(d.data + begin, size));
      });
    }
    linear_backward<T>(projection, x.rows(), d.rows(), dx, dprojection);
  }

 private:
  static View<const T, 3> past(const BranchCache<T>& cache) {
    return cache.before ? View<const T, 3>(*cache.before) : View<const T, 3>();
  }
};

}  // namespace detail

}  // namespace deltanet
