#pragma once

#include "deltanet/memory/decay.hpp"
#include "deltanet/memory/gram.hpp"

namespace deltanet {

/// A memory that never forgets on its own: S' = S. The DeltaNet of arXiv 2406.06484. Takes no gate.
struct NoDecay {
  template <class Vectors, class Scalars>
  using Gate = NoInput;

  template <class Tokens>
  static constexpr auto gate_field() {
    return std::tuple{};
  }

  static void expect_gate(NoInput) {}

  template <Real T>
  static void forget(NoInput, Index, MatrixMap<T>) {}

  template <Real T>
  static void forget_backward(NoInput, Index, MatrixMap<const T>, MatrixMap<T>, NoInput) {}

  template <Real T>
  class Window {
   public:
    Window(Index C, Index K) : K_(K), scratch_(C, K) {}

    void assign(NoInput, Index, Index n) { n_ = n; }

    void build(const Matrix<T>& x, const Matrix<T>& w, T scale, Chunk<T>& chunk) {
      chunk.tokens = n_;
      chunk.reads.topRows(n_) = -x.topRows(n_);
      chunk.reads.middleRows(n_, n_) = scale * x.middleRows(n_, n_);
      chunk.writes.topRows(n_) = w.topRows(n_);
      chunk.carry.setOnes();
      gram(n_, K_, x, w, scratch_, chunk.pairs);
      weigh(scale, chunk.pairs);
    }

    // forward: R = f x, H = f x w^T below the diagonal, W = w, with f = -1 for predictions and scale for reads
    // so:      dx = f (dR + dH w),   dw = dW + (f dH)^T x
    void backward(const Matrix<T>& x, const Matrix<T>& w, T scale, const Chunk<T>&, const Chunk<T>& dchunk, Matrix<T>& dx,
                  Matrix<T>& dw) {
      dx.topRows(n_) -= dchunk.reads.topRows(n_);
      dx.middleRows(n_, n_) += scale * dchunk.reads.middleRows(n_, n_);
      dw.topRows(n_) += dchunk.writes.topRows(n_);
      scratch_.weighted.topRows(2 * n_) = dchunk.pairs.topRows(2 * n_);
      weigh(scale, scratch_.weighted);
      gram_backward(n_, x, w, scratch_.weighted, dx, dw);
    }

    void gate_backward(NoInput, Index) {}

   private:
    // pairs <- f pairs on the strict triangle of the predictions and the triangle of the reads, zero above
    void weigh(T scale, Matrix<T>& pairs) const {
      for (Index i = 0; i < n_; ++i) {
        pairs.row(i).head(i) *= T(-1);
        pairs.row(i).segment(i, n_ - i).setZero();
        pairs.row(n_ + i).head(i + 1) *= scale;
        pairs.row(n_ + i).segment(i + 1, n_ - i - 1).setZero();
      }
    }

    Index n_ = 0;
    Index K_;
    GramScratch<T> scratch_;
  };
};

static_assert(Decay<NoDecay, float> && Decay<NoDecay, double>);

}  // namespace deltanet
