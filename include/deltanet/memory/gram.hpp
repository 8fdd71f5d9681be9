#pragma once

#include "deltanet/core/tile_product.hpp"
#include "deltanet/core/transpose.hpp"
#include "deltanet/memory/chunk.hpp"

/// The products of a chunk's rows with each other, before any decay: x = [p; q] [P + n, K] predicts and reads, w [n, K] writes.
namespace deltanet {

/// Scratch for `gram`: w transposed, [K, n], so that tokens run along the vector lanes.
template <Real T>
struct GramScratch {
  Matrix<T> transposed;
  Matrix<T> weighted;  // [P + n, n]

  GramScratch(Index capacity, Index K)
      : transposed(Matrix<T>::Zero(K, padded<T>(capacity))), weighted(Matrix<T>::Zero(2 * capacity, padded<T>(capacity))) {}
};

/// pairs [rows, n] = x w^T. Entries above the triangles are computed and left for the caller to clear.
template <Real T>
void gram(Index rows, Index n, Index K, const Matrix<T>& x, const Matrix<T>& w, GramScratch<T>& scratch, Matrix<T>& pairs) {
  if (n == 1) {  // decoding: no panel of tokens to be filled
    for (Index i = 0; i < rows; ++i) pairs(i, 0) = x.row(i).head(K).dot(w.row(0).head(K));
    return;
  }
  transpose(n, K, w.data(), w.cols(), scratch.transposed.data(), scratch.transposed.cols());
  small_product<Keep::nothing>(rows, whole_packets<T>(n), K, Plain<T>{x.data(), x.cols()}, scratch.transposed.data(),
                               scratch.transposed.cols(), pairs.data(), pairs.cols());
}

/// The gradient of that: dx += weights w, dw += weights^T x, for the weights [rows, n] = d loss / d (x w^T).
template <Real T>
void gram_backward(Index rows, Index n, const Matrix<T>& x, const Matrix<T>& w, const Matrix<T>& weights, Matrix<T>& dx,
                   Matrix<T>& dw) {
  small_product<Keep::all>(rows, w.cols(), n, Plain<T>{weights.data(), weights.cols()}, w.data(), w.cols(), dx.data(),
                           dx.cols());
  small_product<Keep::all>(n, x.cols(), rows, Transposed<T>{weights.data(), weights.cols()}, x.data(), x.cols(), dw.data(),
                           dw.cols());
}

/// How the pairs of one row are weighed: times `factor`, and each times its own weight. The weights are a row of whole packets
/// that is zero above the diagonal, so that a row is weighed and cut off in one pass.
template <Real T>
struct PairWeights {
  T factor;
  const T* weights;
};

/// pairs <- factor weights (.) pairs, and zero above the triangles: predict(i) are the PairWeights of the prediction of token i
/// with the writes j < i, read(i) those of its read with the writes j <= i; both are rows for j <= i.
template <Real T, class Predict, class Read>
void weigh_pairs(Index predictions, Index n, const Predict& predict, const Read& read, Matrix<T>& pairs) {
  using L = Lanes<T>;
  const auto weigh = [&](PairWeights<T> by, Index row) {
    const auto factor = L::broadcast(by.factor);
    T* const entries = pairs.data() + row * pairs.cols();
    for (Index j = 0; j < n; j += L::size)
      L::store(entries + j, L::multiply(L::multiply(factor, L::load(by.weights + j)), L::load(entries + j)));
  };
  for (Index i = 0; i < predictions; ++i) {
    weigh(predict(i), i);
    pairs(i, i) = 0;
  }
  for (Index i = 0; i < n; ++i) weigh(read(i), predictions + i);
}

}  // namespace deltanet
