#pragma once

#include "deltanet/memory/dynamics.hpp"
#include "deltanet/memory/gram.hpp"

namespace deltanet {

/// A memory that never forgets on its own: S' = S. The DeltaNet of arXiv 2406.06484. Takes no gate.
struct NoDecay {
  template <class Vectors, class Scalars>
  using Gate = NoInput;
  template <class Vectors, class Scalars>
  using MomentumGate = NoInput;

  template <class Tokens>
  static constexpr auto gate_fields() {
    return std::tuple{};
  }
  template <class In>
  static void expect_gates(const In&) {}

  static constexpr Index state_rows(Index K) { return K; }

  template <Real T, class In>
  static Matrix<T> predicting(const In&, Index, MatrixMap<const T> S) {
    return S;
  }
  template <Real T, class In, class Out>
  static void predicting_backward(const In&, Index, MatrixMap<const T>, const Matrix<T>& dP, MatrixMap<T> dS, const Out&) {
    dS += dP;
  }
  template <Real T, class In>
  static void carry(const In&, Index, MatrixMap<T>) {}
  template <Real T, class In, class Out>
  static void carry_backward(const In&, Index, MatrixMap<const T>, MatrixMap<T>, const Out&) {}

  template <Real T>
  class Window {
   public:
    Window(Index C, Index)
        : triangle_(Matrix<T>::Ones(C, padded<T>(C)).template triangularView<Eigen::Lower>()),
          weighted_(Matrix<T>::Zero(2 * C, padded<T>(C))) {}

    template <class In>
    void assign(const In&, Index, Index) {}

    void build(const Matrix<T>& x, const Matrix<T>& w, T scale, Chunk<T>& chunk) {
      const Index n = chunk.tokens, P = chunk.predictions;
      chunk.reads.topRows(P) = -x.topRows(P);
      chunk.reads.middleRows(P, n) = scale * x.middleRows(P, n);
      chunk.writes.topRows(n) = w.topRows(n);
      chunk.carry.setOnes();
      gram(P + n, n, x, w, chunk.pairs);
      weigh(P, n, scale, chunk.pairs);
    }

    // forward: R = f x, H = f x w^T below the diagonal, W = w, with f = -1 for predictions and scale for reads
    // so:      dx = f (dR + dH w),   dw = dW + (f dH)^T x
    void backward(const Matrix<T>& x, const Matrix<T>& w, T scale, const Chunk<T>& chunk, const Chunk<T>& dchunk, Matrix<T>& dx,
                  Matrix<T>& dw) {
      const Index n = chunk.tokens, P = chunk.predictions;
      dx.topRows(P) = -dchunk.reads.topRows(P);
      dx.middleRows(P, n) = scale * dchunk.reads.middleRows(P, n);
      dw.topRows(n) = dchunk.writes.topRows(n);
      weighted_.topRows(P + n) = dchunk.pairs.topRows(P + n);
      weigh(P, n, scale, weighted_);
      gram_backward(P + n, n, x, w, weighted_, dx, dw);
    }

    template <class Out>
    void gates_backward(const Out&, Index) {}

   private:
    void weigh(Index P, Index n, T scale, Matrix<T>& pairs) const {
      const auto all = [&](T factor) {
        return [&, factor](Index i) { return PairWeights<T>{factor, triangle_.row(i).data()}; };
      };
      weigh_pairs(P, n, all(T(-1)), all(scale), pairs);
    }

    Matrix<T> triangle_;  // [C, C]: ones, and zeros above the diagonal
    Matrix<T> weighted_;  // [P + n, n]: gradients of the pairs, weighed
  };

  template <Real T>
  class OpenWindow {
   public:
    OpenWindow(Index /*C*/, Index K) : K_(K) {}

    [[nodiscard]] static Index numbers(Index C, Index K) { return OpenRows<T>::numbers(C, K); }

    template <class In>
    void append(const In&, Index, Index i, const Matrix<T>& x, const Vector<T>& w, T scale, T* numbers, Chunk<T>& chunk) const {
      const Index P = chunk.predictions;
      gram_of_token(i, P + 1, x, w, {numbers, K_}, chunk.pairs);
      const auto set = [&](Index row, T factor) {
        chunk.reads.row(row) = factor * x.row(row);
        chunk.pairs.row(row).head(i + 1) *= factor;
      };
      if (P > 0) set(0, T(-1));
      set(P, scale);
    }

    void close(const T* numbers, Chunk<T>& chunk) const {
      const OpenRows<const T> w(numbers, K_);
      for (Index j = 0; j < chunk.tokens; ++j) std::copy_n(w.row(j), K_, chunk.writes.row(j).data());
      chunk.carry.setOnes();
    }

   private:
    Index K_;
  };
};

static_assert(Dynamics<NoDecay, float> && Dynamics<NoDecay, double>);

}  // namespace deltanet
