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
    Window(Index C, Index K)
        : K_(K), triangle_(Matrix<T>::Ones(C, padded<T>(C)).template triangularView<Eigen::Lower>()), scratch_(C, K) {}

    template <class In>
    void assign(const In&, Index, Index) {}

    void build(const Matrix<T>& x, const Matrix<T>& w, T scale, Chunk<T>& chunk) {
      const Index n = chunk.tokens, P = chunk.predictions;
      chunk.reads.topRows(P) = -x.topRows(P);
      chunk.reads.middleRows(P, n) = scale * x.middleRows(P, n);
      chunk.writes.topRows(n) = w.topRows(n);
      chunk.carry.setOnes();
      gram(P + n, n, K_, x, w, scratch_, chunk.pairs);
      weigh(P, n, scale, chunk.pairs);
    }

    // forward: R = f x, H = f x w^T below the diagonal, W = w, with f = -1 for predictions and scale for reads
    // so:      dx = f (dR + dH w),   dw = dW + (f dH)^T x
    void backward(const Matrix<T>& x, const Matrix<T>& w, T scale, const Chunk<T>& chunk, const Chunk<T>& dchunk, Matrix<T>& dx,
                  Matrix<T>& dw) {
      const Index n = chunk.tokens, P = chunk.predictions;
      dx.topRows(P) -= dchunk.reads.topRows(P);
      dx.middleRows(P, n) += scale * dchunk.reads.middleRows(P, n);
      dw.topRows(n) += dchunk.writes.topRows(n);
      scratch_.weighted.topRows(P + n) = dchunk.pairs.topRows(P + n);
      weigh(P, n, scale, scratch_.weighted);
      gram_backward(P + n, n, x, w, scratch_.weighted, dx, dw);
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

    Index K_;
    Matrix<T> triangle_;  // [C, C]: ones, and zeros above the diagonal
    GramScratch<T> scratch_;
  };
};

static_assert(Dynamics<NoDecay, float> && Dynamics<NoDecay, double>);

}  // namespace deltanet
