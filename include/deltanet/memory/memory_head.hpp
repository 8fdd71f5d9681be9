#pragma once

#include "deltanet/memory/memory_network.hpp"

namespace deltanet {

/// The norm's gradients of one head; null where there is no norm.
template <Real T>
struct NormGradients {
  T* weight = nullptr;  // [V]
  T* bias = nullptr;    // [V]
};

/// What follows the last layer of a deep memory, for rows Z [n, V] of its output: residual and norm,
///
///   y = Z | w (.) n + b,   n = (Z - mean Z) r,   r = 1 / sqrt(var Z + eps)
///
/// as the loss |k + y - v|^2 / 2 that a write descends, and as what is read, q + y. Each works on one row after the other.
template <Real T>
class MemoryHead {
 public:
  using Row = Eigen::Ref<const EigenVector<T>>;

  MemoryHead(const MemoryNetwork& network, const MemoryParams<T>& params, Index head)
      : network_(network), n_(network.value_dim), u_(n_), dn_(n_), de_(n_) {
    if (!network.norm) return;
    w_ = params.norm_weight->row(head).data();
    b_ = params.norm_bias->row(head).data();
  }

  /// D = the gradient of |k + y - v|^2 / 2 (without k where there is no residual) by Z. keys [n, K], values [n, V].
  //
  //   e = k + y - v,    D = e | r P(w (.) e),    P(u) = u - mean(u) - n mean(n (.) u)
  void error_gradient(ConstMatrixRef<T> Z, ConstMatrixRef<T> keys, ConstMatrixRef<T> values, MatrixRef<T> D) {
    for (Index i = 0; i < Z.rows(); ++i) {
      output(Z.row(i).transpose());
      de_ = y_ - values.row(i).transpose();
      if (network_.residual != InnerResidual::none) de_ += keys.row(i).transpose();
      if (network_.norm) {
        u_ = de_.cwiseProduct(weight());
        project(u_);
        de_ = r_ * u_;
      }
      D.row(i) = de_.transpose();
    }
  }

  /// The gradients of `error_gradient`, given that by D: writes dZ and adds to dkeys, dvalues and the norm's.
  //
  // with the norm, c = dD:   du = r P(c),   dr = <c, P(u)>,   dn = -r (c mean(n (.) u) + u mean(n (.) c)) + w (.) de
  //                          de = w (.) du,   dw += du (.) e + de (.) n,   db += de
  //                          dZ = r P(dn) - dr r^2 n / V
  void error_gradient_backward(ConstMatrixRef<T> Z, ConstMatrixRef<T> keys, ConstMatrixRef<T> values, ConstMatrixRef<T> dD,
                               MatrixRef<T> dZ, MatrixRef<T> dkeys, MatrixRef<T> dvalues, NormGradients<T> d) {
    for (Index i = 0; i < Z.rows(); ++i) {
      const auto c = dD.row(i).transpose();
      if (network_.norm) {
        output(Z.row(i).transpose());
        e_ = y_ - values.row(i).transpose();
        if (network_.residual != InnerResidual::none) e_ += keys.row(i).transpose();
        u_ = e_.cwiseProduct(weight());
        dn_ = -r_ * (c * normal_.dot(u_) + u_ * normal_.dot(c)) / static_cast<T>(n_);
        project(u_);
        const T dr = c.dot(u_);
        u_ = c;
        project(u_);
        u_ *= r_;  // du
        de_ = u_.cwiseProduct(weight());
        VectorMap<T>(d.weight, n_) += u_.cwiseProduct(e_) + de_.cwiseProduct(normal_);
        VectorMap<T>(d.bias, n_) += de_;
        dn_ += de_.cwiseProduct(weight());
        project(dn_);
        dZ.row(i) = (r_ * dn_ - (dr * r_ * r_ / static_cast<T>(n_)) * normal_).transpose();
      } else {
        de_ = c;
        dZ.row(i) = de_.transpose();
      }
      dvalues.row(i) -= de_.transpose();
      if (network_.residual != InnerResidual::none) dkeys.row(i) += de_.transpose();
    }
  }

  /// O = q + y (or Z + y, or y).
  void read(ConstMatrixRef<T> Z, ConstMatrixRef<T> queries, MatrixRef<T> O) {
    for (Index i = 0; i < Z.rows(); ++i) {
      output(Z.row(i).transpose());
      O.row(i) = y_.transpose();
      if (network_.residual == InnerResidual::input) O.row(i) += queries.row(i);
      if (network_.residual == InnerResidual::output) O.row(i) += Z.row(i);
    }
  }

  /// The gradients of `read`: writes dZ, adds to dqueries and the norm's.
  //
  // with the norm:  dn = w (.) dO,   dw += dO (.) n,   db += dO,   dZ = r P(dn)
  void read_backward(ConstMatrixRef<T> Z, ConstMatrixRef<T> dO, MatrixRef<T> dZ, MatrixRef<T> dqueries, NormGradients<T> d) {
    for (Index i = 0; i < Z.rows(); ++i) {
      if (network_.norm) {
        output(Z.row(i).transpose());
        dn_ = dO.row(i).transpose().cwiseProduct(weight());
        VectorMap<T>(d.weight, n_) += dO.row(i).transpose().cwiseProduct(normal_);
        VectorMap<T>(d.bias, n_) += dO.row(i).transpose();
        project(dn_);
        dZ.row(i) = r_ * dn_.transpose();
      } else {
        dZ.row(i) = dO.row(i);
      }
      if (network_.residual == InnerResidual::input) dqueries.row(i) += dO.row(i);
      if (network_.residual == InnerResidual::output) dZ.row(i) += dO.row(i);
    }
  }

 private:
  [[nodiscard]] VectorMap<const T> weight() const { return VectorMap<const T>(w_, n_); }

  /// y, and with the norm n and r, of a row z.
  void output(const Row& z) {
    if (!network_.norm) {
      y_ = z;
      return;
    }
    normal_ = z.array() - z.mean();
    r_ = 1 / std::sqrt(normal_.squaredNorm() / static_cast<T>(n_) + static_cast<T>(network_.norm_eps));
    normal_ *= r_;
    y_ = normal_.cwiseProduct(weight()) + VectorMap<const T>(b_, n_);
  }
  /// u <- P(u): without the parts that the norm takes out.
  void project(Vector<T>& u) const {
    u.array() -= u.mean();
    u -= normal_ * (normal_.dot(u) / static_cast<T>(n_));
  }

  const MemoryNetwork& network_;
  Index n_;
  const T *w_ = nullptr, *b_ = nullptr;
  T r_ = 1;
  Vector<T> y_, normal_, u_, dn_, e_, de_;
};

namespace detail {

/// The gradients of the norms of all heads of all sequences, each for itself, so that they can be summed in one order.
template <Real T>
class NormGradientsByHead {
 public:
  NormGradientsByHead(const MemoryNetwork& network, Index heads)
      : weight_(Matrix<T>::Zero(network.norm ? heads : 0, network.value_dim)), bias_(weight_) {}

  NormGradients<T> operator[](Index i) {
    if (weight_.rows() == 0) return {};
    return {weight_.row(i).data(), bias_.row(i).data()};
  }
  /// Adds the sums over sequences of H heads each.
  void add_to(MemoryParams<T>& gradients) const {
    for (Index i = 0; i < weight_.rows(); ++i) {
      gradients.norm_weight->row(i % gradients.norm_weight->rows()) += weight_.row(i);
      gradients.norm_bias->row(i % gradients.norm_bias->rows()) += bias_.row(i);
    }
  }

 private:
  Matrix<T> weight_, bias_;  // [N H, V]
};

}  // namespace detail

}  // namespace deltanet
