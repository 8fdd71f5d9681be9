#pragma once

#include "deltanet/core/row_products.hpp"
#include "deltanet/core/tile_product.hpp"
#include "deltanet/memory/chunk.hpp"

/// The products of a chunk's rows with each other, before any decay: x = [p; q] [P + n, K] predicts and reads, w [n, K] writes.
namespace deltanet {

/// pairs [rows, n] = x w^T, where w has whole packets of rows. Entries above the triangles are computed and left for the caller
/// to clear.
template <Real T>
void gram(Index rows, Index n, const Matrix<T>& x, const Matrix<T>& w, Matrix<T>& pairs) {
  eigen_assert(w.rows() >= whole_packets<T>(n));
  row_products(rows, n, x.cols(), x.data(), x.cols(), w.data(), w.cols(), pairs.data(), pairs.cols());
}

/// The rows of that for token i, which writes at w [K], of a chunk that is read a token at a time: pairs [rows, i + 1] are the
/// products of x with all w so far.
template <Real T>
void gram_of_token(Index i, Index rows, const Matrix<T>& x, const Vector<T>& w, std::type_identity_t<OpenRows<T>> writes,
                   Matrix<T>& pairs) {
  std::copy_n(w.data(), x.cols(), writes.row(i));
  row_products<T>(rows, i + 1, x.cols(), x.data(), x.cols(), writes.data, writes.stride, pairs.data(), pairs.cols());
}

/// The gradient of `gram`: dx += weights w, dw += weights^T x, for the weights [rows, n] = d loss / d (x w^T).
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
