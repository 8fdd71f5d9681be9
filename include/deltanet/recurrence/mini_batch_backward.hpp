#pragma once

#include "deltanet/recurrence/mini_batch.hpp"

namespace deltanet::detail {

/// Gradients by what n tokens of a mini-batch read and write, for one head, all added to.
template <Real T>
struct MiniBatchTokenGradients {
  StridedRows<T> q, k, v;  // [n, K], [n, K], [n, V]
  StridedRows<T> theta;    // [n, 1]
};

/// The gradients of a MiniBatch's `learn`, `read` and `carry`, for the tokens that it holds.
template <Real T>
class MiniBatchBackward : public MiniBatch<T> {
  using Base = MiniBatch<T>;
  using Base::network_, Base::head_, Base::n_, Base::pass_, Base::keys_, Base::queries_, Base::G_last;
  using typename Base::KeyLayer, typename Base::QueryLayer;

 public:
  using Base::coefficients;
  UpdateCoefficients<T> dcoefficients;

  MiniBatchBackward(const MemoryNetwork& network, const MemoryParams<T>& params, Index head, Index C)
      : Base(network, params, head, C), dcoefficients(C), dkeys_(keys_.size()) {}

  /// Begins: no gradient has reached the tokens.
  void clear() {
    dcoefficients.set_zero();
    for (Index l = 0; l < network_.depth; ++l) {
      dkeys(l).X.setZero(n_, network_.rows(l));
      dkeys(l).U.setZero(n_, network_.out(l));
    }
  }

  /// Of `read`: adds to d.q, to the weights' and to the norm's.
  void read_backward(ConstMatrixRef<T> dO, T scale, const MiniBatchWeights<const T>& weights, MiniBatchTokenGradients<T>& d,
                     const MiniBatchWeights<T>& dweights, NormGradients<T> dnorm) {
    const Index K = network_.key_dim;
    const auto A = coefficients.A.head(n_).array(), B = coefficients.B.head(n_).array();
    dY_.setZero(n_, K);
    dZ_.resize(n_, network_.value_dim);
    head_.read_backward(queries_.back().Z, dO, dZ_, dY_, dnorm);
    d.q += scale * dY_;  // what the residual passes on
    for (Index l = network_.depth - 1; l >= 0; --l) {
      // forward: Z = Y initial + A (.) Y base + B (.) Y Z0 + (G (.) S) U,   S = Y X^T
      // so:      dY = dZ initial^T + (A (.) dZ) base^T + .. + (G (.) dZ U^T) X,   dA = rowsum((dZ base^T) (.) Y),
      //          dbase += Y^T (A (.) dZ) and so on,   dG += dZ U^T (.) S,
      //          dX += (G (.) dZ U^T)^T Y,   dU += (G (.) S)^T dZ
      QueryLayer& layer = this->queries(l);
      const KeyLayer& key = this->keys(l);
      const auto add_term = [&](const T* W, T* dW, const auto& factor, Vector<T>& dfactor) {
        multiply(dZ_, network_.layer(l, W).transpose(), term_);
        dfactor.head(n_) += term_.cwiseProduct(layer.Y).rowwise().sum();
        dY_.array() += term_.array().colwise() * factor;
        scaled_ = dZ_.array().colwise() * factor;
        multiply_add(layer.Y.transpose(), scaled_, network_.layer(l, dW));
      };
      dY_.setZero(n_, network_.rows(l));
      if (weights.initial) {
        multiply_add(dZ_, network_.layer(l, weights.initial).transpose(), dY_);
        const Vector<T> decayed = 1 - A;
        scaled_ = dZ_.array().colwise() * decayed.array();
        multiply_add(layer.Y.transpose(), scaled_, network_.layer(l, dweights.initial));
      }
      add_term(weights.base, dweights.base, A, dcoefficients.A);
      add_term(weights.momentum, dweights.momentum, B, dcoefficients.B);

      const auto G = coefficients.G.topLeftCorner(n_, n_);
      multiply(dZ_, key.U.transpose(), dpairs_);
      dcoefficients.G.topLeftCorner(n_, n_) += dpairs_.cwiseProduct(layer.pairs);
      dpairs_ = dpairs_.cwiseProduct(G);
      multiply_add(dpairs_, pass_[l].X, dY_);
      multiply_add(dpairs_.transpose(), layer.Y, dkeys(l).X);
      dpairs_ = layer.pairs.cwiseProduct(G);
      multiply_add(dpairs_.transpose(), dZ_, dkeys(l).U);
      if (l == 0) break;
      // forward: Y = f(Z) of the layer below
      activation_slope<T>(network_.activation, this->queries(l - 1).Z, this->queries(l - 1).term);
      dZ_ = dY_.leftCols(network_.in(l)).cwiseProduct(this->queries(l - 1).term);
    }
    d.q += scale * dY_.leftCols(K);
  }

  /// Of `carry`, given the gradients by the base and the momentum after; adds to those before. As base = weights - initial, a
  /// gradient by the base is one by the weights, and initial has what the decay adds of it: (1 - A) of what W has.
  //
  // forward: base after = A base + B Z0 + X^T diag(G) U,   Z0 after = N0 Z0 + X^T diag(N) U
  void carry_backward(const T* dafter, const T* dmomentum_after, const MiniBatchWeights<const T>& weights,
                      const MiniBatchWeights<T>& dweights) {
    const Index P = network_.size(), last = n_ - 1;
    const T A = coefficients.A[last];
    const VectorMap<const T> dW(dafter, P), dZ(dmomentum_after, P), base(weights.base, P), momentum(weights.momentum, P);
    dcoefficients.A[last] += dW.dot(base);
    dcoefficients.B[last] += dW.dot(momentum);
    dcoefficients.N0 += dZ.dot(momentum);
    VectorMap<T>(dweights.base, P) += A * dW;
    if (weights.initial) VectorMap<T>(dweights.initial, P) += (1 - A) * dW;
    VectorMap<T>(dweights.momentum, P) += coefficients.B[last] * dW + coefficients.N0 * dZ;
    for (Index l = 0; l < network_.depth; ++l) {
      const KeyLayer& key = this->keys(l);
      const auto add_write = [&](const T* dto, const auto& factor, auto&& dfactor) {
        multiply(pass_[l].X, network_.layer(l, dto), scaled_);
        dfactor += scaled_.cwiseProduct(key.U).rowwise().sum();
        dkeys(l).U += factor.asDiagonal() * scaled_;
        scaled_ = factor.asDiagonal() * key.U;
        multiply_add(scaled_, network_.layer(l, dto).transpose(), dkeys(l).X);
      };
      add_write(dafter, G_last(), dcoefficients.G.row(last).head(n_).transpose());
      add_write(dmomentum_after, coefficients.N.head(n_), dcoefficients.N.head(n_));
    }
  }

  /// Of `learn`, last: through the inner gradient, to the tokens, the norm and, where it is not null, the start.
  void learn_backward(const MiniBatchTokens<T>& tokens, const T* start, MiniBatchTokenGradients<T>& d, T* dstart,
                      NormGradients<T> dnorm) {
    // forward: U = -theta (.) D
    for (Index l = 0; l < network_.depth; ++l) {
      d.theta.col(0) -= dkeys(l).U.cwiseProduct(this->keys(l).D).rowwise().sum();
      dkeys(l).D = (-tokens.theta).asDiagonal() * dkeys(l).U;
    }
    // forward: D_l = M_l (.) f'(P_l),   M_l = D_{l+1} start_{l+1}^T
    // so:      dP_l = dD_l (.) M_l (.) f''(P_l),   dM_l = dD_l (.) f'(P_l),   dD_{l+1} += dM_l start_{l+1},
    //          dstart_{l+1} += dM_l^T D_{l+1}
    for (Index l = 0; l + 1 < network_.depth; ++l) {
      const KeyLayer& key = this->keys(l);
      KeyGradients& dkey = dkeys(l);
      dkey.P.resize(n_, network_.out(l));
      activation_curvature<T>(network_.activation, pass_[l].P, dkey.P);
      dkey.P = dkey.P.cwiseProduct(dkey.D).cwiseProduct(key.M);
      scaled_ = dkey.D.cwiseProduct(pass_[l].slope);
      const Index in = network_.in(l + 1);
      multiply_add(scaled_, network_.layer(l + 1, start).topRows(in), dkeys(l + 1).D);
      if (dstart) multiply_add(scaled_.transpose(), this->keys(l + 1).D, network_.layer(l + 1, dstart).topRows(in));
    }
    // forward: D_depth = error_gradient(P_depth, k, v)
    KeyGradients& last = dkeys_.back();
    last.P.resize(n_, network_.value_dim);
    head_.error_gradient_backward(pass_.output(), tokens.k, tokens.v, last.D, last.P, d.k, d.v, dnorm);
    const auto by_layer = [&](Index l) -> KeyGradients& { return dkeys(l); };
    pass_.backward(start, by_layer, dstart);
    d.k += dkeys_[0].X.leftCols(network_.key_dim);
  }

 private:
  struct KeyGradients {
    Matrix<T> X, P, D, U;  // as in NetworkPass and KeyLayer
  };

  KeyGradients& dkeys(Index l) { return dkeys_[static_cast<std::size_t>(l)]; }

  PoolVector<KeyGradients> dkeys_;
  Matrix<T> dY_, dZ_, term_, scaled_, dpairs_;
};

}  // namespace deltanet::detail
