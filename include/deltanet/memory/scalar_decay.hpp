#pragma once

#include "deltanet/core/check.hpp"
#include "deltanet/memory/decay.hpp"
#include "deltanet/memory/gram.hpp"

namespace deltanet {

/// One decay a head and token: S' = exp(g_t) S with g_t <= 0, the alpha_t = exp(g_t) of Gated DeltaNet (arXiv 2412.06464) and
/// Mamba-2. The gate g [B, T, HV] is given as its logarithm.
struct ScalarDecay {
  template <class Vectors, class Scalars>
  using Gate = Scalars;

  template <class Tokens>
  static constexpr auto gate_field() {
    return std::tuple{InputField{"g", &Tokens::g, Heads::value, Width::one}};
  }

  template <Real T>
  static void expect_gate(const View<const T, 3>& g) {
    for (Index i = 0; i < g.size(); ++i)
      expect(g.data[i] <= 0, "g: expected the logarithm of a decay, at most 0, got ", g.data[i], " at flat index ", i);
  }

  template <Real T>
  static void forget(Rows<const T> g, Index t, MatrixMap<T> S) {
    S *= std::exp(*g[t]);
  }

  // forward: S' = exp(g) S
  // so:      dg = <dS', S'>,   dS = exp(g) dS'
  template <Real T>
  static void forget_backward(Rows<const T> g, Index t, MatrixMap<const T> S, MatrixMap<T> dS, Rows<T> dg) {
    const T alpha = std::exp(*g[t]);
    *dg[t] += alpha * dS.cwiseProduct(S).sum();
    dS *= alpha;
  }

  template <Real T>
  class Window {
   public:
    Window(Index C, Index K)
        : K_(K),
          between_(Matrix<T>::Zero(C, C)),
          from_start_(C),
          at_start_(C),
          at_end_(C),
          straddling_(Matrix<T>::Zero(C, C)),
          scratch_(C, K) {}

    // a(j -> t) = alpha_t a(j -> t-1): products of factors in [0, 1], so no term can overflow or cancel
    void assign(Rows<const T> g, Index t, Index n) {
      n_ = n;
      T product = 1;
      for (Index i = 0; i < n; ++i) {
        const T alpha = std::exp(*g[t + i]);
        from_start_[i] = product *= alpha;
        if (i > 0) between_.row(i).head(i) = alpha * between_.row(i - 1).head(i);
        between_(i, i) = 1;
      }
    }

    void build(const Matrix<T>& x, const Matrix<T>& w, T scale, Chunk<T>& chunk) {
      chunk.tokens = n_;
      for (Index i = 0; i < n_; ++i) {
        chunk.reads.row(i) = -from_start_[i] * x.row(i);
        chunk.reads.row(n_ + i) = scale * from_start_[i] * x.row(n_ + i);
        chunk.writes.row(i) = between_(n_ - 1, i) * w.row(i);
      }
      chunk.carry.setConstant(from_start_[n_ - 1]);
      gram(n_, K_, x, w, scratch_, chunk.pairs);
      weigh(scale, chunk.pairs);
    }

    // forward: R_i = f a(0 -> i) x_i,   H_ij = f a(j -> i) <x_i, w_j>,   W_j = a(j -> n) w_j,   carry = a(0 -> n)
    // so:      dx_i = f (a(0 -> i) dR_i + sum_j a(j -> i) dH_ij w_j),   dw_j = a(j -> n) dW_j + sum_i f a(j -> i) dH_ij x_i;
    // each factor a(j -> i) has the gradient <d, value> / a(j -> i), and passes <d, value> to every g between j and i
    void backward(const Matrix<T>& x, const Matrix<T>& w, T scale, const Chunk<T>& chunk, const Chunk<T>& dchunk, Matrix<T>& dx,
                  Matrix<T>& dw) {
      whole_ = chunk.carry.dot(dchunk.carry);
      for (Index i = 0; i < n_; ++i) {
        dx.row(i) -= from_start_[i] * dchunk.reads.row(i);
        dx.row(n_ + i) += scale * from_start_[i] * dchunk.reads.row(n_ + i);
        dw.row(i) += between_(n_ - 1, i) * dchunk.writes.row(i);
        at_start_[i] = dchunk.reads.row(i).dot(chunk.reads.row(i)) + dchunk.reads.row(n_ + i).dot(chunk.reads.row(n_ + i));
        at_end_[i] = dchunk.writes.row(i).dot(chunk.writes.row(i));
        straddling_.row(i).head(i) = dchunk.pairs.row(i).head(i).cwiseProduct(chunk.pairs.row(i).head(i)) +
                                     dchunk.pairs.row(n_ + i).head(i).cwiseProduct(chunk.pairs.row(n_ + i).head(i));
      }
      scratch_.weighted.topRows(2 * n_) = dchunk.pairs.topRows(2 * n_);
      weigh(scale, scratch_.weighted);
      gram_backward(n_, x, w, scratch_.weighted, dx, dw);
    }

    // README, equation 15:
    // dg_t = whole + sum_{i < t} at_end_i + sum_{i >= t} at_start_i + sum_{i >= t > j} straddling_ij
    void gate_backward(Rows<T> dg, Index t) {
      T starts = 0;
      for (Index i = n_ - 1; i >= 0; --i) {
        starts += at_start_[i];
        if (i < n_ - 1) straddling_.row(i).head(i) += straddling_.row(i + 1).head(i);  // row i: the sum over rows i and below
        *dg[t + i] += whole_ + at_end_.head(i).sum() + starts + straddling_.row(i).head(i).sum();
      }
    }

   private:
    // pairs <- f a(j -> i) pairs on the strict triangle of the predictions and the triangle of the reads, zero above
    void weigh(T scale, Matrix<T>& pairs) const {
      for (Index i = 0; i < n_; ++i) {
        const auto decay = between_.row(i).head(i + 1);
        pairs.row(i).head(i) = -pairs.row(i).head(i).cwiseProduct(decay.head(i));
        pairs.row(i).segment(i, n_ - i).setZero();
        pairs.row(n_ + i).head(i + 1) = scale * pairs.row(n_ + i).head(i + 1).cwiseProduct(decay);
        pairs.row(n_ + i).segment(i + 1, n_ - i - 1).setZero();
      }
    }

    Index n_ = 0;
    Index K_;
    Matrix<T> between_;     // [C, C]: a(j -> i) for j <= i
    Vector<T> from_start_;  // [C]: a(0 -> i)
    // Gradients times values, gathered by backward for gate_backward:
    T whole_ = 0;           // of carry, which every decay of the chunk enters
    Vector<T> at_start_;    // [C]: of R_i, which the decays up to i enter
    Vector<T> at_end_;      // [C]: of W_i, which the decays after i enter
    Matrix<T> straddling_;  // [C, C]: of H_ij, which the decays after j up to i enter
    GramScratch<T> scratch_;
  };
};

static_assert(Decay<ScalarDecay, float> && Decay<ScalarDecay, double>);

}  // namespace deltanet
