#pragma once

#include "deltanet/core/check.hpp"
#include "deltanet/memory/dynamics.hpp"
#include "deltanet/memory/gram.hpp"

namespace deltanet {

/// Throws std::invalid_argument unless all gates are logarithms of decays.
template <Real T, int N>
void expect_log_decay(const View<const T, N>& g) {
  for (Index i = 0; i < g.size(); ++i)
    expect(g.data[i] <= 0, "g: expected the logarithm of a decay, at most 0, got ", g.data[i], " at flat index ", i);
}

/// One decay a head and token: S' = exp(g_t) S with g_t <= 0, the alpha_t = exp(g_t) of Gated DeltaNet (arXiv 2412.06464) and
/// Mamba-2. The gate g [B, T, HV] is given as its logarithm.
///
/// In a chunk a(j -> i) is the decay from after token j to after token i, a(0 -> i) from before the chunk (equation 7):
///
///   R = [-a(0 -> i*) p_i; scale a(0 -> i) q_i],   W = a(j -> n) w_j,   carry = a(0 -> n),
///   H = [-a(j -> i*) <p_i, w_j> for j < i; scale a(j -> i) <q_i, w_j> for j <= i],
///
/// with i* = i, or i - 1 for predictions from the previous state.
template <PredictedFrom from = PredictedFrom::decayed>
struct BasicScalarDecay {
  template <class Vectors, class Scalars>
  using Gate = Scalars;
  template <class Vectors, class Scalars>
  using MomentumGate = NoInput;

  template <class Tokens>
  static constexpr auto gate_fields() {
    return std::tuple{InputField{"g", &Tokens::g, Heads::value, Width::one}};
  }
  template <class In>
  static void expect_gates(const In& in) {
    expect_log_decay(in.g);
  }

  static constexpr Index state_rows(Index K) { return K; }

  template <Real T, class In>
  static Matrix<T> predicting(const In& in, Index t, MatrixMap<const T> S) {
    if constexpr (from == PredictedFrom::previous) return S;
    return std::exp(*in.g[t]) * S;
  }

  // forward: P = exp(g) S   |   P = S
  // so:      dg += <dP, P>, dS += exp(g) dP   |   dS += dP
  template <Real T, class In, class Out>
  static void predicting_backward(const In& in, Index t, MatrixMap<const T> S, const Matrix<T>& dP, MatrixMap<T> dS,
                                  const Out& d) {
    if constexpr (from == PredictedFrom::previous) {
      dS += dP;
    } else {
      const T alpha = std::exp(*in.g[t]);
      *d.g[t] += alpha * dP.cwiseProduct(S).sum();
      dS += alpha * dP;
    }
  }

  template <Real T, class In>
  static void carry(const In& in, Index t, MatrixMap<T> S) {
    S *= std::exp(*in.g[t]);
  }

  // forward: S' = exp(g) S
  // so:      dg += <dS', S'>,   dS = exp(g) dS'
  template <Real T, class In, class Out>
  static void carry_backward(const In& in, Index t, MatrixMap<const T> S, MatrixMap<T> dS, const Out& d) {
    const T alpha = std::exp(*in.g[t]);
    *d.g[t] += alpha * dS.cwiseProduct(S).sum();
    dS *= alpha;
  }

  template <Real T>
  class Window {
   public:
    Window(Index C, Index)
        : between_(Matrix<T>::Zero(C + 1, padded<T>(C))),
          from_start_(C + 1),
          at_start_(C + 1),
          at_end_(C),
          straddling_(Matrix<T>::Zero(C + 1, C)),
          weighted_(Matrix<T>::Zero(2 * C, padded<T>(C))) {}

    // a(j -> t) = alpha_t a(j -> t-1): products of factors in [0, 1], so no term can overflow or cancel
    template <class In>
    void assign(const In& in, Index t, Index n) {
      n_ = n;
      from_start_[0] = 1;
      for (Index i = 0; i < n; ++i) {
        const T alpha = std::exp(*in.g[t + i]);
        from_start_[i + 1] = alpha * from_start_[i];
        between_.row(i + 1).head(i) = alpha * between_.row(i).head(i);
        between_(i + 1, i) = 1;
      }
    }

    void build(const Matrix<T>& x, const Matrix<T>& w, T scale, Chunk<T>& chunk) {
      const Index P = chunk.predictions;
      for (Index i = 0; i < P; ++i) chunk.reads.row(i) = -from_start_[predicted(i)] * x.row(i);
      for (Index i = 0; i < n_; ++i) {
        chunk.reads.row(P + i) = scale * from_start_[i + 1] * x.row(P + i);
        chunk.writes.row(i) = between_(n_, i) * w.row(i);
      }
      chunk.carry.setConstant(from_start_[n_]);
      gram(P + n_, n_, x, w, chunk.pairs);
      weigh(P, scale, chunk.pairs);
    }

    // forward: R_i = f a(0 -> i) x_i,   H_ij = f a(j -> i) <x_i, w_j>,   W_j = a(j -> n) w_j,   carry = a(0 -> n)
    // so:      dx_i = f (a(0 -> i) dR_i + sum_j a(j -> i) dH_ij w_j),   dw_j = a(j -> n) dW_j + sum_i f a(j -> i) dH_ij x_i;
    // each factor a(j -> i) has the gradient <d, value> / a(j -> i), and passes <d, value> to every g between j and i
    void backward(const Matrix<T>& x, const Matrix<T>& w, T scale, const Chunk<T>& chunk, const Chunk<T>& dchunk, Matrix<T>& dx,
                  Matrix<T>& dw) {
      const Index P = chunk.predictions;
      whole_ = chunk.carry.dot(dchunk.carry);
      at_start_.head(n_ + 1).setZero();
      straddling_.topRows(n_ + 1).setZero();
      const auto gather = [&](Index row, Index last, Index pairs) {
        at_start_[last] += dchunk.reads.row(row).dot(chunk.reads.row(row));
        straddling_.row(last).head(pairs) += dchunk.pairs.row(row).head(pairs).cwiseProduct(chunk.pairs.row(row).head(pairs));
      };
      for (Index i = 0; i < P; ++i) {
        dx.row(i) = -from_start_[predicted(i)] * dchunk.reads.row(i);
        gather(i, predicted(i), i);
      }
      for (Index i = 0; i < n_; ++i) {
        dx.row(P + i) = scale * from_start_[i + 1] * dchunk.reads.row(P + i);
        dw.row(i) = between_(n_, i) * dchunk.writes.row(i);
        at_end_[i] = dchunk.writes.row(i).dot(chunk.writes.row(i));
        gather(P + i, i + 1, i);
      }
      weighted_.topRows(P + n_) = dchunk.pairs.topRows(P + n_);
      weigh(P, scale, weighted_);
      gram_backward(P + n_, n_, x, w, weighted_, dx, dw);
    }

    // README, equation 15:
    // dg_t = whole + sum_{i < t} at_end_i + sum_{i >= t} at_start_i + sum_{i >= t > j} straddling_ij
    template <class Out>
    void gates_backward(const Out& d, Index t) {
      T starts = 0;
      for (Index i = n_ - 1; i >= 0; --i) {
        starts += at_start_[i + 1];
        // row i + 1: the sum over the rows from token i on
        if (i < n_ - 1) straddling_.row(i + 1).head(i) += straddling_.row(i + 2).head(i);
        *d.g[t + i] += whole_ + at_end_.head(i).sum() + starts + straddling_.row(i + 1).head(i).sum();
      }
    }

   private:
    /// The row of `between_` and `from_start_` whose decays the prediction of token i has seen.
    static constexpr Index predicted(Index i) { return from == PredictedFrom::previous ? i : i + 1; }

    // pairs <- f a(j -> i) pairs on the strict triangle of the predictions and the triangle of the reads, zero above
    void weigh(Index P, T scale, Matrix<T>& pairs) const {
      weigh_pairs(
          P, n_,
          [&](Index i) {
            return PairWeights<T>{T(-1), between_.row(predicted(i)).data()};
          },
          [&](Index i) {
            return PairWeights<T>{scale, between_.row(i + 1).data()};
          },
          pairs);
    }

    Index n_ = 0;
    Matrix<T> between_;     // [C + 1, C]: row i + 1 holds a(j -> i) for j <= i, then zeros; row 0 is before the chunk
    Vector<T> from_start_;  // [C + 1]: entry i + 1 is a(0 -> i), entry 0 is 1
    // Gradients times values, gathered by backward for gates_backward:
    T whole_ = 0;           // of carry, which every decay of the chunk enters
    Vector<T> at_start_;    // [C + 1]: of rows of R, by the last token whose decay they have seen
    Vector<T> at_end_;      // [C]: of W_i, which the decays after i enter
    Matrix<T> straddling_;  // [C + 1, C]: of H, by that token and the write
    Matrix<T> weighted_;    // [P + n, n]: gradients of the pairs, weighed
  };

  template <Real T>
  class OpenWindow {
   public:
    OpenWindow(Index C, Index K) : C_(C), K_(K) {}

    [[nodiscard]] static Index numbers(Index C, Index K) { return OpenRows<T>::numbers(C, K) + C + 1; }

    template <class In>
    void append(const In& in, Index t, Index i, const Matrix<T>& x, const Vector<T>& w, T scale, T* numbers,
                Chunk<T>& chunk) const {
      const Index P = chunk.predictions;
      gram_of_token(i, P + 1, x, w, {numbers, K_}, chunk.pairs);
      T* const between = decays(numbers).first;
      T* const from_start = decays(numbers).second;
      if (i == 0) *from_start = 1;
      const auto set = [&](Index row, T factor) {
        chunk.reads.row(row) = factor * *from_start * x.row(row);
        VectorMap<T> pairs(chunk.pairs.row(row).data(), i + 1);
        pairs.array() *= factor * VectorMap<const T>(between, i + 1).array();
      };
      if (i == 0) between[0] = 0;
      if (P > 0 && from == PredictedFrom::previous) set(0, T(-1));
      const T alpha = std::exp(*in.g[t]);
      *from_start *= alpha;
      VectorMap<T>(between, i) *= alpha;
      between[i] = 1;
      if (P > 0 && from != PredictedFrom::previous) set(0, T(-1));
      set(P, scale);
    }

    void close(const T* numbers, Chunk<T>& chunk) const {
      const OpenRows<const T> w(numbers, K_);
      const auto [between, from_start] = decays(numbers);
      for (Index j = 0; j < chunk.tokens; ++j)
        chunk.writes.row(j).head(K_) = between[j] * VectorMap<const T>(w.row(j), K_).transpose();
      chunk.carry.setConstant(*from_start);
    }

   private:
    /// After the rows that wait: a(j -> i), one each, and a(0 -> i), where i is the last token.
    template <class U>
    [[nodiscard]] std::pair<U*, U*> decays(U* numbers) const {
      U* const between = numbers + OpenRows<T>::numbers(C_, K_);
      return {between, between + C_};
    }

    Index C_, K_;
  };
};

/// Predictions are made from the decayed state, as everywhere but in Comba's and Titans' papers.
using ScalarDecay = BasicScalarDecay<>;

static_assert(Dynamics<ScalarDecay, float> && Dynamics<ScalarDecay, double>);

}  // namespace deltanet
