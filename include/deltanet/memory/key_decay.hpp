#pragma once

#include "deltanet/memory/scalar_decay.hpp"

namespace deltanet {

/// One decay a head, token and key channel: S' = diag(exp(g_t)) S with g_t <= 0, the decay of Kimi delta attention, Gated
/// DeltaNet-2 and gated linear attention. The gate g [B, T, HV, K] is given as its logarithm.
///
/// The decays sit inside the products of a chunk: H_ij = -sum_d p_id a_d(j -> i) w_jd, and so on. The usual way writes a_d(j ->
/// i) as exp(b_i) exp(-b_j) with the cumulative sums b of g, which overflows at g = -1.5 and 64 tokens. Here each write is
/// carried along its chunk instead, r <- alpha_i r, and meets each later token as what is left of it: any g is exact, no factor
/// exceeds 1. C^2 / 2 rows of K are carried and multiplied a chunk, which are no matrix products: with C = 16 and K = V = 128 a
/// scan takes a quarter to a third longer than with scalar decay.
struct KeyDecay {
  template <class Vectors, class Scalars>
  using Gate = Vectors;
  template <class Vectors, class Scalars>
  using MomentumGate = NoInput;

  template <class Tokens>
  static constexpr auto gate_fields() {
    return std::tuple{InputField{"g", &Tokens::g, Heads::value, Width::key}};
  }
  template <class In>
  static void expect_gates(const In& in) {
    expect_log_decay(in.g);
  }

  static constexpr Index state_rows(Index K) { return K; }

  template <Real T, class In>
  static Matrix<T> predicting(const In& in, Index t, MatrixMap<const T> S) {
    return alpha<T>(in, t, S.rows()).asDiagonal() * S;
  }
  template <Real T, class In, class Out>
  static void predicting_backward(const In& in, Index t, MatrixMap<const T> S, const Matrix<T>& dP, MatrixMap<T> dS,
                                  const Out& d) {
    Matrix<T> by_carry = dP;  // the prediction is from the state that is carried
    carry_backward<T>(in, t, S, MatrixMap<T>(by_carry.data(), dP.rows(), dP.cols()), d);
    dS += by_carry;
  }
  template <Real T, class In>
  static void carry(const In& in, Index t, MatrixMap<T> S) {
    S = alpha<T>(in, t, S.rows()).asDiagonal() * S;
  }

  // forward: S' = diag(exp(g)) S
  // so:      dg += rowsum(dS' (.) S'),   dS = diag(exp(g)) dS'
  template <Real T, class In, class Out>
  static void carry_backward(const In& in, Index t, MatrixMap<const T> S, MatrixMap<T> dS, const Out& d) {
    dS = alpha<T>(in, t, S.rows()).asDiagonal() * dS;
    VectorMap<T>(d.g[t], S.rows()) += dS.cwiseProduct(S).rowwise().sum();
  }

  template <Real T>
  class Window {
   public:
    Window(Index C, Index K)
        : K_(K),
          alpha_(Matrix<T>::Zero(C, padded<T>(K))),
          from_start_(Matrix<T>::Zero(C, padded<T>(K))),
          dlog_(Matrix<T>::Zero(C, padded<T>(K))),
          carried_(Matrix<T>::Zero(C, padded<T>(K))) {}

    template <class In>
    void assign(const In& in, Index t, Index n) {
      n_ = n;
      for (Index i = 0; i < n; ++i) {
        alpha_.row(i).head(K_) = VectorMap<const T>(in.g[t + i], K_).array().exp().transpose();
        from_start_.row(i) = alpha_.row(i);
        if (i > 0) from_start_.row(i).array() *= from_start_.row(i - 1).array();
      }
    }

    // R = f a(0 -> i) (.) x_i,   H_ij = f <x_i, a(j -> i) (.) w_j>,   W_j = a(j -> n) (.) w_j,   carry = a(0 -> n)
    void build(const Matrix<T>& x, const Matrix<T>& w, T scale, Chunk<T>& chunk) {
      const Index P = chunk.predictions;
      for (Index i = 0; i < P; ++i) chunk.reads.row(i) = -from_start_.row(i).cwiseProduct(x.row(i));
      for (Index i = 0; i < n_; ++i) chunk.reads.row(P + i) = scale * from_start_.row(i).cwiseProduct(x.row(P + i));
      chunk.carry = from_start_.row(n_ - 1).head(K_).transpose();
      chunk.pairs.topRows(P + n_).setZero();
      for (Index j = 0; j < n_; ++j) {
        chunk.writes.row(j) = w.row(j);  // a(j -> i) (.) w_j as i goes on, W_j at the end
        chunk.pairs(P + j, j) = scale * x.row(P + j).dot(w.row(j));
        for (Index i = j + 1; i < n_; ++i)
          carry_on(alpha_.row(i).data(), P > 0 ? x.row(i).data() : nullptr, x.row(P + i).data(), x.cols(),
                   chunk.writes.row(j).data(), scale, &chunk.pairs(i, j), &chunk.pairs(P + i, j));
      }
    }

    // Each write's way through the chunk is walked backwards. With r_i = a(j -> i) (.) w_j and dr_i its gradient from token i
    // on: forward: r_i = alpha_i (.) r_{i-1},   H_ij = f <x_i, r_i>,   W_j = r_n so:      dr_i = sum over i' >= i,     dx_i +=
    // f dH_ij r_i,   dg_i += dr_i (.) r_i,   dr_{i-1} = alpha_i (.) dr_i,   dw_j = dr_j and dg_i gathers the pairs that
    // straddle token i, and no others (README, equation 15).
    void backward(const Matrix<T>& x, const Matrix<T>& w, T scale, const Chunk<T>& chunk, const Chunk<T>& dchunk, Matrix<T>& dx,
                  Matrix<T>& dw) {
      const Index P = chunk.predictions;
      auto gathered = dlog_.topRows(n_);
      gathered.setZero();
      for (Index i = 0; i < P; ++i) {
        dx.row(i) = -from_start_.row(i).cwiseProduct(dchunk.reads.row(i));
        gathered.row(i) += dchunk.reads.row(i).cwiseProduct(chunk.reads.row(i));
      }
      for (Index i = 0; i < n_; ++i) {
        dx.row(P + i) = scale * from_start_.row(i).cwiseProduct(dchunk.reads.row(P + i));
        gathered.row(i) += dchunk.reads.row(P + i).cwiseProduct(chunk.reads.row(P + i));
      }
      gathered.row(n_ - 1).head(K_) += chunk.carry.cwiseProduct(dchunk.carry).transpose();
      for (Index i = n_ - 1; i-- > 0;) gathered.row(i) += gathered.row(i + 1);  // the decays up to i enter R_i, all enter carry

      for (Index j = 0; j < n_; ++j) {
        carried_.row(j) = w.row(j);
        for (Index i = j + 1; i < n_; ++i) carried_.row(i) = alpha_.row(i).cwiseProduct(carried_.row(i - 1));
        dr_ = dchunk.writes.row(j);
        for (Index i = n_ - 1; i > j; --i) {
          const T d_read = scale * dchunk.pairs(P + i, j);
          dx.row(P + i) += d_read * carried_.row(i);
          dr_ += d_read * x.row(P + i);
          if (P > 0) {
            const T d_predict = -dchunk.pairs(i, j);
            dx.row(i) += d_predict * carried_.row(i);
            dr_ += d_predict * x.row(i);
          }
          gathered.row(i) += dr_.cwiseProduct(carried_.row(i));
          dr_.array() *= alpha_.row(i).array();
        }
        const T d_read = scale * dchunk.pairs(P + j, j);
        dx.row(P + j) += d_read * w.row(j);
        dw.row(j) = dr_ + d_read * x.row(P + j);
      }
    }

    template <class Out>
    void gates_backward(const Out& d, Index t) {
      for (Index i = 0; i < n_; ++i) VectorMap<T>(d.g[t + i], K_) += dlog_.row(i).head(K_).transpose();
    }

   private:
    Index n_ = 0;
    Index K_;
    Matrix<T> alpha_;       // [C, K]: exp(g_i)
    Matrix<T> from_start_;  // [C, K]: a(0 -> i)
    Matrix<T> dlog_;        // [C, K]: gradients by g
    Matrix<T> carried_;     // [C, K]: one write along the chunk
    Matrix<T> dr_;          // [1, K]
  };

  template <Real T>
  class OpenWindow {
   public:
    OpenWindow(Index C, Index K) : C_(C), K_(K), alpha_(Matrix<T>::Zero(1, padded<T>(K))) {}

    [[nodiscard]] static Index numbers(Index C, Index K) { return OpenRows<T>::numbers(C + 1, K); }

    // The rows that wait are carried on, as in `build`; the last one is a(0 -> i).
    template <class In>
    void append(const In& in, Index t, Index i, const Matrix<T>& x, const Vector<T>& w, T scale, T* numbers, Chunk<T>& chunk) {
      const Index P = chunk.predictions, width = x.cols();
      const OpenRows<T> rows(numbers, K_);
      alpha_.row(0).head(K_) = VectorMap<const T>(in.g[t], K_).array().exp().transpose();
      for (Index j = 0; j < i; ++j)
        carry_on(alpha_.data(), P > 0 ? x.row(0).data() : nullptr, x.row(P).data(), width, rows.row(j), scale,
                 &chunk.pairs(0, j), &chunk.pairs(P, j));
      std::copy_n(w.data(), width, rows.row(i));
      chunk.pairs(P, i) = scale * x.row(P).dot(w.transpose());
      MatrixMap<T> from_start(rows.row(C_), 1, width);
      if (i == 0)
        from_start = alpha_;
      else
        from_start.array() *= alpha_.array();
      if (P > 0) chunk.reads.row(0) = -from_start.cwiseProduct(x.row(0));
      chunk.reads.row(P) = scale * from_start.cwiseProduct(x.row(P));
    }

    void close(const T* numbers, Chunk<T>& chunk) const {
      const OpenRows<const T> rows(numbers, K_);
      for (Index j = 0; j < chunk.tokens; ++j) std::copy_n(rows.row(j), K_, chunk.writes.row(j).data());
      chunk.carry = VectorMap<const T>(rows.row(C_), K_);
    }

   private:
    Index C_, K_;
    Matrix<T> alpha_;  // [1, K]
  };

 private:
  // rest <- alpha (.) rest, and the products of what is left with a row that predicts, if there is one, and one that reads, in
  // one pass; all of a padded width
  template <Real T>
  static void carry_on(const T* alpha, const T* predict, const T* read, Index width, T* rest, T scale, T* predicted,
                       T* was_read) {
    const auto products = [&]<bool predicts>(std::bool_constant<predicts>) {
      using L = Lanes<T>;
      const auto zero = L::broadcast(T(0));
      typename L::Packet by_predict[] = {zero, zero}, by_read[] = {zero, zero};
      for (Index c = 0; c < width; c += L::panel)
        for (Index half = 0; half < 2; ++half) {
          const Index at = c + half * L::size;
          const auto left = L::multiply(L::load(alpha + at), L::load(rest + at));
          L::store(rest + at, left);
          by_read[half] = L::multiply_add(left, L::load(read + at), by_read[half]);
          if constexpr (predicts) by_predict[half] = L::multiply_add(left, L::load(predict + at), by_predict[half]);
        }
      *was_read = scale * (L::sum(by_read[0]) + L::sum(by_read[1]));
      if constexpr (predicts) *predicted = -(L::sum(by_predict[0]) + L::sum(by_predict[1]));
    };
    if (predict)
      products(std::true_type{});
    else
      products(std::false_type{});
  }

  template <Real T, class In>
  static Vector<T> alpha(const In& in, Index t, Index K) {
    return VectorMap<const T>(in.g[t], K).array().exp();
  }
};

static_assert(Dynamics<KeyDecay, float> && Dynamics<KeyDecay, double>);

}  // namespace deltanet
