#pragma once

#include <vector>

#include "deltanet/core/matrix_product.hpp"
#include "deltanet/memory/memory_network.hpp"

namespace deltanet::detail {

/// n rows on their way through the layers of a deep memory's network, all with the same weights, and back:
///
///   P_l = X_l W_l,     X_{l+1} = f(P_l)      (with a column of ones beside, where the network has biases)
template <Real T>
class NetworkPass {
 public:
  struct Layer {
    Matrix<T> X;      // [n, rows]: what the layer reads
    Matrix<T> P;      // [n, out]: what it makes
    Matrix<T> slope;  // [n, out]: f'(P), after `differentiate`
  };

  explicit NetworkPass(const MemoryNetwork& network) : network_(network), layers_(static_cast<std::size_t>(network.depth)) {}

  void resize(Index n) {
    for (Index l = 0; l < network_.depth; ++l) {
      (*this)[l].X.setOnes(n, network_.rows(l));  // 1 stays where the bias is
      (*this)[l].P.resize(n, network_.out(l));
      (*this)[l].slope.resize(n, network_.out(l));
    }
  }
  Layer& operator[](Index l) { return layers_[static_cast<std::size_t>(l)]; }
  [[nodiscard]] const Matrix<T>& output() const { return layers_.back().P; }

  /// x [n, K], as many rows as it was sized for.
  void run(ConstMatrixRef<T> x, const T* weights) {
    for (Index l = 0; l < network_.depth; ++l) {
      Layer& layer = (*this)[l];
      if (l == 0)
        layer.X.leftCols(network_.in(0)) = x;
      else
        activate<T>(network_.activation, (*this)[l - 1].P, layer.X.leftCols(network_.in(l)));
      multiply(layer.X, network_.layer(l, weights), layer.P);
    }
  }

  /// Fills the slopes of all layers but the last, which has no activation.
  void differentiate() {
    for (Index l = 0; l + 1 < network_.depth; ++l) activation_slope<T>(network_.activation, (*this)[l].P, (*this)[l].slope);
  }

  /// The gradients of `run`, after `differentiate`. d(l) are those by X_l and P_l from elsewhere, and become all of them; adds
  /// to dweights, where it is not null.
  //
  // so: dW_l += X_l^T dP_l,   dX_l += dP_l W_l^T,   dP_{l-1} += dX_l (.) f'(P_{l-1})
  template <class D>
  void backward(const T* weights, const D& d, T* dweights) {
    for (Index l = network_.depth - 1; l >= 0; --l) {
      if (dweights) multiply_add((*this)[l].X.transpose(), d(l).P, network_.layer(l, dweights));
      multiply_add(d(l).P, network_.layer(l, weights).transpose(), d(l).X);
      if (l > 0) d(l - 1).P += d(l).X.leftCols(network_.in(l)).cwiseProduct((*this)[l - 1].slope);
    }
  }

 private:
  const MemoryNetwork& network_;
  PoolVector<Layer> layers_;
};

}  // namespace deltanet::detail
