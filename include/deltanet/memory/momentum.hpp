#pragma once

#include "deltanet/memory/no_decay.hpp"
#include "deltanet/memory/responses.hpp"
#include "deltanet/memory/scalar_decay.hpp"

namespace deltanet {

/// The largest beta |k|^2 at which a memory with momentum stays bounded whatever the gates do from token to token, as long as
/// eta <= eta_max at every token and this is not negative (recurrence/README.md, equation 20):
///
///   beta |k|^2 <= (1 + alpha - eta (1 + eta_max) / eta_max) (1 - eta_max) / (1 + eta_max)
///
/// It is not negative where eta <= eta_max alpha, or eta <= eta_max <= alpha. At eta = eta_max near 1 it is about
/// (1 - eta_max)^2 / 2: the step shrinks as the memory of past steps grows.
template <Real T>
[[nodiscard]] T stable_beta(T alpha, T eta, T eta_max) {
  return (1 + alpha - eta * (1 + eta_max) / eta_max) * (1 - eta_max) / (1 + eta_max);
}

/// A memory whose writes gain momentum: Titans' linear memory (arXiv 2501.00663, equations 9, 10 and 13) in its exact form,
/// token by token. The state is [S; Z], the memory's K rows and the momentum's:
///
///   Z_t = eta_t Z_{t-1} + w_t u_t^T,     S_t = alpha_t S_{t-1} + Z_t                                   (equations 16 and 17)
///
/// alpha_t = exp(g_t) = 1 - Titans' forgetting gate comes from `Decay`, ScalarDecay or NoDecay; eta [B, T, HV] in [0, 1] says
/// how much of the last surprise goes on; the write strength beta is Titans' theta. With eta = 0 it is the memory without
/// momentum. `from` says where the gradient is taken: at S_{t-1} (Titans), at alpha_t S_{t-1}, or ahead at alpha_t S_{t-1} +
/// eta_t Z_{t-1}, which is Nesterov's momentum.
///
/// Stability: gates that stay the same keep the memory bounded if beta |k|^2 < (1 + eta) (1 + alpha), or with Nesterov's
/// momentum < 1 + 1 / (alpha + eta + alpha eta). Gates that change from token to token can pump it like a swing, writing while
/// it falls and coasting while it rises; `stable_beta` is what they may do.
template <class Decay, PredictedFrom from>
struct BasicMomentum {
  static_assert(std::is_same_v<Decay, NoDecay> || std::is_same_v<Decay, ScalarDecay>,
                "momentum combines with NoDecay and ScalarDecay: one decay a key channel would need a chunk form of its own");
  static constexpr bool decays = std::is_same_v<Decay, ScalarDecay>;

  template <class Vectors, class Scalars>
  using Gate = typename Decay::template Gate<Vectors, Scalars>;
  template <class Vectors, class Scalars>
  using MomentumGate = Scalars;

  template <class Tokens>
  static constexpr auto gate_fields() {
    return std::tuple_cat(Decay::template gate_fields<Tokens>(),
                          std::tuple{InputField{"eta", &Tokens::eta, Heads::value, Width::one}});
  }
  template <class In>
  static void expect_gates(const In& in) {
    Decay::expect_gates(in);
    for (Index i = 0; i < in.eta.size(); ++i)
      expect(in.eta.data[i] >= 0 && in.eta.data[i] <= 1, "eta: expected a number in [0, 1], got ", in.eta.data[i],
             " at flat index ", i);
  }

  static constexpr Index state_rows(Index K) { return 2 * K; }

  template <Real T, class In>
  static Matrix<T> predicting(const In& in, Index t, MatrixMap<const T> state) {
    const Index K = state.rows() / 2;
    if constexpr (from == PredictedFrom::previous) return state.topRows(K);
    if constexpr (from == PredictedFrom::decayed) return alpha<T>(in, t) * state.topRows(K);
    return alpha<T>(in, t) * state.topRows(K) + *in.eta[t] * state.bottomRows(K);
  }

  // forward: P = alpha S + eta Z   |   alpha S   |   S
  // so:      dS += alpha dP, dg += alpha <dP, S>, dZ += eta dP, deta += <dP, Z>, as far as each is there
  template <Real T, class In, class Out>
  static void predicting_backward(const In& in, Index t, MatrixMap<const T> state, const Matrix<T>& dP, MatrixMap<T> dstate,
                                  const Out& d) {
    const Index K = state.rows() / 2;
    if constexpr (from == PredictedFrom::previous) {
      dstate.topRows(K) += dP;
    } else {
      dstate.topRows(K) += alpha<T>(in, t) * dP;
      if constexpr (decays) *d.g[t] += alpha<T>(in, t) * dP.cwiseProduct(state.topRows(K)).sum();
      if constexpr (from == PredictedFrom::ahead) {
        dstate.bottomRows(K) += *in.eta[t] * dP;
        *d.eta[t] += dP.cwiseProduct(state.bottomRows(K)).sum();
      }
    }
  }

  template <Real T, class In>
  static void carry(const In& in, Index t, MatrixMap<T> state) {
    const Index K = state.rows() / 2;
    state.bottomRows(K) *= *in.eta[t];
    state.topRows(K) = alpha<T>(in, t) * state.topRows(K) + state.bottomRows(K);
  }

  // forward: Z' = eta Z,   S' = alpha S + Z'
  // so:      dZ' += dS',   deta += <dZ', Z>, dZ = eta dZ',   dg += alpha <dS', S>, dS = alpha dS'
  template <Real T, class In, class Out>
  static void carry_backward(const In& in, Index t, MatrixMap<const T> state, MatrixMap<T> dstate, const Out& d) {
    const Index K = state.rows() / 2;
    auto dS = dstate.topRows(K), dZ = dstate.bottomRows(K);
    dZ += dS;
    *d.eta[t] += dZ.cwiseProduct(state.bottomRows(K)).sum();
    dZ *= *in.eta[t];
    if constexpr (decays) *d.g[t] += alpha<T>(in, t) * dS.cwiseProduct(state.topRows(K)).sum();
    dS *= alpha<T>(in, t);
  }

  template <Real T>
  class Window {
   public:
    Window(Index C, Index K)
        : n_(0),
          K_(K),
          alpha_(C),
          eta_(C),
          dfactor_(C),
          deta_(C),
          at_(C),
          d_(C),
          products_(2 * C, padded<T>(C)),
          weighted_(Matrix<T>::Zero(2 * C, padded<T>(C))) {}

    template <class In>
    void assign(const In& in, Index t, Index n) {
      n_ = n;
      for (Index i = 0; i < n; ++i) {
        alpha_[i] = alpha<T>(in, t + i);
        eta_[i] = *in.eta[t + i];
      }
      at_.build(alpha_, eta_, n);
    }

    // Equation 19: R = [-pA p, -pB p; scale A q, scale B q],   H = [-pG <p, w>; scale G <q, w>],
    //              W = [G_n w, N_n w],   carry = [A_n; N0_n],   coupling = B_n
    void build(const Matrix<T>& x, const Matrix<T>& w, T scale, Chunk<T>& chunk) {
      const Index P = chunk.predictions;
      for (Index i = 0; i < P; ++i) set_row(chunk.reads, i, x, i, K_, -factor(i) * at_.A[seen(i)], -factor(i) * at_.B[seen(i)]);
      for (Index i = 0; i < n_; ++i) {
        set_row(chunk.reads, P + i, x, P + i, K_, scale * at_.A[i + 1], scale * at_.B[i + 1]);
        set_row(chunk.writes, i, w, i, K_, at_.G(n_, i), at_.N(n_, i));
      }
      chunk.carry.head(K_).setConstant(at_.A[n_]);
      chunk.carry.tail(K_).setConstant(at_.N0[n_]);
      chunk.coupled = K_;
      chunk.coupling = at_.B[n_];
      gram(P + n_, n_, x, w, products_);
      chunk.pairs.topRows(P + n_) = products_.topRows(P + n_);
      weigh(P, scale, chunk.pairs);
    }

    // forward: equation 19
    // so:      each row gives its gradient to x or w, times the response, and <row, x> to the response
    void backward(const Matrix<T>& x, const Matrix<T>& w, T scale, const Chunk<T>& chunk, const Chunk<T>& dchunk, Matrix<T>& dx,
                  Matrix<T>& dw) {
      const Index P = chunk.predictions;
      d_.set_zero();
      dfactor_.setZero();
      for (Index i = 0; i < P; ++i) {
        const Index last = seen(i);
        T dpA = 0, dpB = 0;  // by pA = factor A, pB = factor B, and dpG by pG = factor G
        give(dchunk.reads, i, x, i, {factor(i) * at_.A[last], factor(i) * at_.B[last]}, T(-1), dx, {dpA, dpB});
        const auto dpG = -dchunk.pairs.row(i).head(i).cwiseProduct(products_.row(i).head(i));
        d_.A[last] += factor(i) * dpA;
        d_.B[last] += factor(i) * dpB;
        d_.G.row(last).head(i) += factor(i) * dpG;
        dfactor_[i] = dpA * at_.A[last] + dpB * at_.B[last] + dpG.cwiseProduct(at_.G.row(last).head(i)).sum();
      }
      for (Index i = 0; i < n_; ++i) {
        give(dchunk.reads, P + i, x, P + i, {at_.A[i + 1], at_.B[i + 1]}, scale, dx, {d_.A[i + 1], d_.B[i + 1]});
        give(dchunk.writes, i, w, i, {at_.G(n_, i), at_.N(n_, i)}, T(1), dw, {d_.G(n_, i), d_.N(n_, i)});
        d_.G.row(i + 1).head(i) += scale * dchunk.pairs.row(P + i).head(i).cwiseProduct(products_.row(P + i).head(i));
      }
      d_.A[n_] += dchunk.carry.head(K_).sum();
      d_.N0[n_] += dchunk.carry.tail(K_).sum();
      d_.B[n_] += dchunk.coupling;
      weighted_.topRows(P + n_) = dchunk.pairs.topRows(P + n_);
      weigh(P, scale, weighted_);
      gram_backward(P + n_, n_, x, w, weighted_, dx, dw);
    }

    template <class Out>
    void gates_backward(const Out& d, Index t) {
      if constexpr (from != PredictedFrom::decayed) dfactor_.setZero();  // else, alpha's part as a factor
      deta_.setZero();
      at_.backward(alpha_, eta_, n_, d_, dfactor_, deta_);
      for (Index i = 0; i < n_; ++i) {
        *d.eta[t + i] += deta_[i];
        if constexpr (decays) *d.g[t + i] += alpha_[i] * dfactor_[i];
      }
    }

   private:
    /// The state that predicts token i is `factor` times that of the row `seen`: pA_i = factor A_seen, and so pB and pG.
    static constexpr Index seen(Index i) { return from == PredictedFrom::ahead ? i + 1 : i; }
    [[nodiscard]] T factor(Index i) const { return from == PredictedFrom::decayed ? alpha_[i] : T(1); }

    /// The responses of a row to the two halves of the state, or where their gradients go.
    struct Pair {
      T S, Z;
    };
    struct PairSum {
      T &S, &Z;
    };

    // forward: row_i = f [S x_j, Z x_j]
    // so:      dx_j = f (S drow_S + Z drow_Z),   dS += f <drow_S, x_j>,   dZ += f <drow_Z, x_j>
    void give(const Matrix<T>& drow, Index i, const Matrix<T>& x, Index j, Pair response, T f, Matrix<T>& dx, PairSum d) const {
      const auto dS = drow.row(i).head(K_), dZ = drow.row(i).segment(K_, K_);
      dx.row(j).head(K_) = f * response.S * dS + f * response.Z * dZ;
      d.S += f * dS.dot(x.row(j).head(K_));
      d.Z += f * dZ.dot(x.row(j).head(K_));
    }

    void weigh(Index P, T scale, Matrix<T>& pairs) const {
      weigh_pairs(
          P, n_,
          [&](Index i) {
            return PairWeights<T>{-factor(i), at_.G.row(seen(i)).data()};
          },
          [&](Index i) {
            return PairWeights<T>{scale, at_.G.row(i + 1).data()};
          },
          pairs);
    }

    Index n_, K_;
    Vector<T> alpha_, eta_;     // [C]
    Vector<T> dfactor_, deta_;  // [C]
    Responses<T> at_, d_;       // and their gradients
    Matrix<T> products_;        // [P + n, n]: x w^T
    Matrix<T> weighted_;        // [P + n, n]: gradients of the pairs, weighed
  };

  template <Real T>
  class OpenWindow {
   public:
    OpenWindow(Index C, Index K) : C_(C), K_(K) {}

    [[nodiscard]] static Index numbers(Index C, Index K) { return OpenRows<T>::numbers(C, K) + 2 * C + 3; }

    // The responses after the last token move on as in Responses::build.
    template <class In>
    void append(const In& in, Index t, Index i, const Matrix<T>& x, const Vector<T>& w, T scale, T* numbers,
                Chunk<T>& chunk) const {
      const Index P = chunk.predictions;
      gram_of_token(i, P + 1, x, w, {numbers, K_}, chunk.pairs);
      const auto at = responses(numbers);
      if (i == 0) {
        *at.A = *at.N0 = 1;
        *at.B = 0;
      }
      at.G[i] = 0;
      const auto set = [&](Index row, T factor) {
        set_row(chunk.reads, row, x, row, K_, factor * *at.A, factor * *at.B);
        VectorMap<T> pairs(chunk.pairs.row(row).data(), i + 1);
        pairs.array() *= factor * VectorMap<const T>(at.G, i + 1).array();
      };
      const T forget = alpha<T>(in, t), eta = *in.eta[t];
      if (P > 0 && from != PredictedFrom::ahead) set(0, from == PredictedFrom::decayed ? -forget : T(-1));
      *at.A *= forget;
      *at.N0 *= eta;
      *at.B = forget * *at.B + *at.N0;
      VectorMap<T> G(at.G, i), N(at.N, i);
      N *= eta;
      G = forget * G + N;
      at.G[i] = at.N[i] = 1;
      if (P > 0 && from == PredictedFrom::ahead) set(0, T(-1));
      set(P, scale);
    }

    void close(const T* numbers, Chunk<T>& chunk) const {
      const OpenRows<const T> w(numbers, K_);
      const auto at = responses(numbers);
      for (Index j = 0; j < chunk.tokens; ++j) {
        const auto row = VectorMap<const T>(w.row(j), K_).transpose();
        chunk.writes.row(j).head(K_) = at.G[j] * row;
        chunk.writes.row(j).segment(K_, K_) = at.N[j] * row;
      }
      chunk.carry.head(K_).setConstant(*at.A);
      chunk.carry.tail(K_).setConstant(*at.N0);
      chunk.coupled = K_;
      chunk.coupling = *at.B;
    }

   private:
    /// After the rows that wait: the responses to them, and to S0 and Z0.
    template <class U>
    struct Pointers {
      U *G, *N;  // [C]
      U *A, *B, *N0;
    };
    template <class U>
    [[nodiscard]] Pointers<U> responses(U* numbers) const {
      U* const G = numbers + OpenRows<T>::numbers(C_, K_);
      U* const A = G + 2 * C_;
      return {G, G + C_, A, A + 1, A + 2};
    }

    Index C_, K_;
  };

 private:
  // to_i = [S x_j, Z x_j]
  template <Real T>
  static void set_row(Matrix<T>& to, Index i, const Matrix<T>& x, Index j, Index K, T S, T Z) {
    to.row(i).head(K) = S * x.row(j).head(K);
    to.row(i).segment(K, K) = Z * x.row(j).head(K);
  }

  template <Real T, class In>
  static T alpha(const In& in, Index t) {
    if constexpr (decays) return std::exp(*in.g[t]);
    return T(1);
  }
};

/// Titans' momentum: the gradient is taken at the state before the token, S_{t-1}.
template <class Decay = ScalarDecay, PredictedFrom from = PredictedFrom::previous>
using HeavyBall = BasicMomentum<Decay, from>;
/// Nesterov's momentum: the gradient is taken where decay and momentum alone would lead.
template <class Decay = ScalarDecay>
using Nesterov = BasicMomentum<Decay, PredictedFrom::ahead>;

static_assert(Dynamics<HeavyBall<>, float> && Dynamics<Nesterov<NoDecay>, double>);

}  // namespace deltanet
