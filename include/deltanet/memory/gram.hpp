#pragma once

#include "deltanet/core/tile_product.hpp"
#include "deltanet/core/transpose.hpp"
#include "deltanet/memory/chunk.hpp"

/// The products of a chunk's rows with each other, before any decay: x = [p; q] [2 n, K] predicts and reads, w [n, K] writes.
namespace deltanet {

/// Scratch for `gram`: w transposed, [K, n], so that tokens run along the vector lanes.
template <Real T>
struct GramScratch {
  Matrix<T> transposed;
  Matrix<T> weighted;  // [2 n, n]

  GramScratch(Index capacity, Index K)
      : transposed(Matrix<T>::Zero(K, padded<T>(capacity))), weighted(Matrix<T>::Zero(2 * capacity, padded<T>(capacity))) {}
};

/// pairs [2 n, n] = x w^T. Entries above the triangles are computed and left for the caller to clear.
template <Real T>
void gram(Index n, Index K, const Matrix<T>& x, const Matrix<T>& w, GramScratch<T>& scratch, Matrix<T>& pairs) {
  transpose(n, K, w.data(), w.cols(), scratch.transposed.data(), scratch.transposed.cols());
  small_product<Keep::nothing>(2 * n, padded<T>(n), K, LeftFactor<T>::plain(x.data(), x.cols()), scratch.transposed.data(),
                               scratch.transposed.cols(), pairs.data(), pairs.cols());
}

/// The gradient of that: dx += weights w, dw += weights^T x, for the weights [2 n, n] = d loss / d (x w^T).
template <Real T>
void gram_backward(Index n, const Matrix<T>& x, const Matrix<T>& w, const Matrix<T>& weights, Matrix<T>& dx, Matrix<T>& dw) {
  small_product<Keep::all>(2 * n, w.cols(), n, LeftFactor<T>::plain(weights.data(), weights.cols()), w.data(), w.cols(),
                           dx.data(), dx.cols());
  small_product<Keep::all>(n, x.cols(), 2 * n, LeftFactor<T>::transposed(weights.data(), weights.cols()), x.data(), x.cols(),
                           dw.data(), dw.cols());
}

}  // namespace deltanet
