#pragma once

#include "deltanet/memory/memory_head.hpp"
#include "deltanet/memory/update_coefficients.hpp"
#include "deltanet/recurrence/deep_memory_problem.hpp"
#include "deltanet/recurrence/network_pass.hpp"

namespace deltanet::detail {

/// The weights of one head around a few tokens of a mini-batch, P numbers each.
template <class T>
struct MiniBatchWeights {
  T* start;     // where gradients are taken
  T* base;      // what decays: the weights, or their departure from `initial`
  T* momentum;  // Z
  T* initial;   // what the weights depart from, or null
};

/// What n tokens of a mini-batch read and write, for one head.
template <Real T>
struct MiniBatchTokens {
  StridedRows<const T> q, k, v;  // [n, K], [n, K], [n, V]
  Vector<T> theta;               // [n]
};

/// A head's share of the problem, in the terms of a MiniBatch.
template <DeepMemoryInputs In, Real T = typename In::Scalar>
[[nodiscard]] MiniBatchTokens<T> mini_batch_tokens(const DeepMemoryProblem<In>& problem,
                                                   const typename DeepMemoryProblem<In>::HeadInputs& head, Index t, Index n) {
  const auto& x = problem.extents;
  return {rows_of(head.q, t, problem.in.q.absent() ? 0 : n, x.K), rows_of(head.k, t, n, x.K), rows_of(head.v, t, n, x.V),
          rows_of(head.theta, t, n, 1)};
}

/// n tokens of one mini-batch in their dual form (TITANS.md, equations 4 to 7): for layer l of the network
///
///   keys, at the start's weights     X_{l+1} = f(P_l),   P_l = X_l start_l;     U_l = -theta (.) D_l
///                                    D_l = (D_{l+1} start_{l+1}^T) (.) f'(P_l) the gradient by P_l of |M(k) - v|^2 / 2
///   queries, each at its own         Y_{l+1} = f(Z_l),
///                                    Z_l = Y_l initial_l + A (.) Y_l base_l + B (.) Y_l Z0_l + (G (.) Y_l X_l^T) U_l
///   what is left                     base_l <- A_n base_l + B_n Z0_l + X_l^T diag(G_n) U_l
///                                    Z0_l <- N0 Z0_l + X_l^T diag(N) U_l
///
/// Matrices hold the last n tokens given; they are sized anew where n changes.
template <Real T>
class MiniBatch {
 public:
  UpdateCoefficients<T> coefficients;

  MiniBatch(const MemoryNetwork& network, const MemoryParams<T>& params, Index head, Index C)
      : coefficients(C),
        network_(network),
        head_(network, params, head),
        pass_(network),
        keys_(static_cast<std::size_t>(network.depth)),
        queries_(keys_.size()) {}

  /// Runs the keys through the network, and their errors back.
  void learn(const MiniBatchTokens<T>& tokens, const MiniBatchWeights<const T>& weights) {
    resize(tokens.k.rows());
    pass_.run(tokens.k, weights.start);
    pass_.differentiate();
    head_.error_gradient(pass_.output(), tokens.k, tokens.v, keys_.back().D);
    for (Index l = network_.depth - 1; l > 0; --l) {
      KeyLayer& below = keys(l - 1);
      multiply(keys(l).D, network_.layer(l, weights.start).topRows(network_.in(l)).transpose(), below.M);
      below.D = below.M.cwiseProduct(pass_[l - 1].slope);
    }
    for (KeyLayer& layer : keys_) layer.U = (-tokens.theta).asDiagonal() * layer.D;
  }

  /// Reads with the queries, after `learn`: O [n, V].
  void read(const MiniBatchTokens<T>& tokens, T scale, const MiniBatchWeights<const T>& weights, MatrixRef<T> O) {
    const auto A = coefficients.A.head(n_).array(), B = coefficients.B.head(n_).array();
    for (Index l = 0; l < network_.depth; ++l) {
      QueryLayer& layer = queries(l);
      if (l == 0)
        layer.Y.leftCols(network_.in(0)) = scale * tokens.q;
      else
        activate<T>(network_.activation, queries(l - 1).Z, layer.Y.leftCols(network_.in(l)));
      multiply(layer.Y, network_.layer(l, weights.base), layer.Z);
      layer.Z.array().colwise() *= A;
      if (weights.initial) {
        multiply(layer.Y, network_.layer(l, weights.initial), layer.term);
        layer.Z += layer.term;
      }
      multiply(layer.Y, network_.layer(l, weights.momentum), layer.term);
      layer.Z.array() += layer.term.array().colwise() * B;
      multiply(layer.Y, pass_[l].X.transpose(), layer.pairs);
      weighted_ = coefficients.G.topLeftCorner(n_, n_).cwiseProduct(layer.pairs);
      multiply_add(weighted_, keys(l).U, layer.Z);
    }
    head_.read(queries_.back().Z, queries_[0].Y.leftCols(network_.key_dim), O);
  }

  /// What the base and the momentum come to after the tokens, after `learn`; not in place.
  void carry(const MiniBatchWeights<const T>& weights, T* after, T* momentum_after) {
    const Index P = network_.size(), last = n_ - 1;
    const T A = coefficients.A[last];
    const VectorMap<const T> base(weights.base, P), momentum(weights.momentum, P);
    VectorMap<T> W(after, P), Z(momentum_after, P);
    W = A * base + coefficients.B[last] * momentum;
    Z = coefficients.N0 * momentum;
    for (Index l = 0; l < network_.depth; ++l) {
      const auto X = pass_[l].X.transpose();
      weighted_ = G_last().asDiagonal() * keys(l).U;
      multiply_add(X, weighted_, network_.layer(l, after));
      weighted_ = coefficients.N.head(n_).asDiagonal() * keys(l).U;
      multiply_add(X, weighted_, network_.layer(l, momentum_after));
    }
  }

 protected:
  struct KeyLayer {
    Matrix<T> M;     // [n, out]: the error's gradient by f(P_l)
    Matrix<T> D, U;  // [n, out]: the error's gradient by P_l, and what is written
  };
  struct QueryLayer {
    Matrix<T> Y;        // [n, rows]
    Matrix<T> Z, term;  // [n, out]
    Matrix<T> pairs;    // [n, n]: Y X^T
  };

  KeyLayer& keys(Index l) { return keys_[static_cast<std::size_t>(l)]; }
  QueryLayer& queries(Index l) { return queries_[static_cast<std::size_t>(l)]; }
  [[nodiscard]] auto G_last() const { return coefficients.G.row(n_ - 1).head(n_).transpose(); }

  void resize(Index n) {
    if (n == n_) return;
    n_ = n;
    pass_.resize(n);
    for (Index l = 0; l < network_.depth; ++l) {
      KeyLayer& k = keys(l);
      QueryLayer& q = queries(l);
      for (auto* matrix : {&k.M, &k.D, &k.U, &q.Z, &q.term}) matrix->resize(n, network_.out(l));
      q.Y.setOnes(n, network_.rows(l));  // 1 stays where the bias is
      q.pairs.resize(n, n);
    }
  }

  const MemoryNetwork& network_;
  MemoryHead<T> head_;
  Index n_ = 0;
  NetworkPass<T> pass_;  // of the keys
  PoolVector<KeyLayer> keys_;
  PoolVector<QueryLayer> queries_;
  Matrix<T> weighted_;
};

}  // namespace deltanet::detail
