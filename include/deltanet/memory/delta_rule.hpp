#pragma once

#include "deltanet/core/check.hpp"
#include "deltanet/memory/member.hpp"
#include "deltanet/memory/no_decay.hpp"
#include "deltanet/memory/scalar_decay.hpp"

namespace deltanet {

/// The delta rule over a memory that forgets as `Decay` says:
///
///   S'  = forget_t(S_{t-1}),   e_t = v_t - S'^T k_t,   u_t = beta_t e_t,   S_t = S' + k_t u_t^T,   o_t = scale S_t^T q_t
///
/// (recurrence/README.md, equations 1 to 4). Inputs: q, k [B, T, H, K], v [B, T, HV, V], beta [B, T, HV], and the decay's g.
/// Keys should have unit length and beta lie in [0, 2]: then a chunk's triangular system is well conditioned.
template <class Decay_>
struct DeltaMember {
  using Decay = Decay_;

  template <Real T, class Vectors, class Scalars>
  struct Tokens {
    using Member = DeltaMember;
    using Scalar = T;

    Vectors q{};     // [B, T, H, K]
    Vectors k{};     // [B, T, H, K]
    Vectors v{};     // [B, T, HV, V]
    Scalars beta{};  // [B, T, HV]
    typename Decay::template Gate<Vectors, Scalars> g{};

    static constexpr auto fields() {
      return std::tuple_cat(
          std::tuple{InputField{"q", &Tokens::q, Heads::key, Width::key}, InputField{"k", &Tokens::k, Heads::key, Width::key},
                     InputField{"v", &Tokens::v, Heads::value, Width::value},
                     InputField{"beta", &Tokens::beta, Heads::value, Width::one}},
          Decay::template gate_field<Tokens>());
    }
  };
  template <Real T>
  using Inputs = Tokens<T, View<const T, 4>, View<const T, 3>>;
  template <Real T>
  using Gradients = Tokens<T, Tensor<T, 4>, Tensor<T, 3>>;
  template <Real T>
  using HeadInputs = Tokens<T, Rows<const T>, Rows<const T>>;
  template <Real T>
  using HeadGradients = Tokens<T, Rows<T>, Rows<T>>;

  template <Real T>
  static void expect_ranges(const Inputs<T>& in) {
    Decay::expect_gate(in.g);
  }

  /// Token t: S [K, V] is carried on, u [V] is what was written, o [V] what was read.
  template <Real T>
  static void step(const HeadInputs<T>& in, Index t, T scale, MatrixMap<T> S, VectorMap<T> u, VectorMap<T> o) {
    const VectorMap<const T> q(in.q[t], S.rows()), k(in.k[t], S.rows()), v(in.v[t], S.cols());
    Decay::template forget<T>(in.g, t, S);
    u.noalias() = v - S.transpose() * k;
    u *= *in.beta[t];
    S.noalias() += k * u.transpose();
    o.noalias() = scale * (S.transpose() * q);
  }

  /// The gradients of token t. S is the state before it and is carried on, dS that of the state after it and is carried back.
  template <Real T>
  static void step_backward(const HeadInputs<T>& in, Index t, T scale, MatrixMap<T> S, VectorMap<const T> do_, MatrixMap<T> dS,
                            const HeadGradients<T>& d) {
    const Index K = S.rows(), V = S.cols();
    const VectorMap<const T> q(in.q[t], K), k(in.k[t], K), v(in.v[t], V);
    VectorMap<T> dq(d.q[t], K), dk(d.k[t], K), dv(d.v[t], V);
    const Matrix<T> before = S;
    Decay::template forget<T>(in.g, t, S);
    const Vector<T> e = v - S.transpose() * k;
    const Vector<T> u = *in.beta[t] * e;

    // forward: S_t = S' + k u^T,   o = scale S_t^T q
    // so:      dS_t += scale q do^T,   dq += scale S_t do,   du = dS_t^T k,   dk += dS_t u
    dS.noalias() += scale * (q * do_.transpose());
    dq.noalias() += scale * (S * do_ + k * u.dot(do_));
    const Vector<T> du = dS.transpose() * k;
    dk.noalias() += dS * u;
    // forward: u = beta e,   e = v - S'^T k
    // so:      dbeta += <du, e>,   dv += de = beta du,   dk -= S' de,   dS' -= k de^T
    *d.beta[t] += du.dot(e);
    const Vector<T> de = *in.beta[t] * du;
    dv += de;
    dk.noalias() -= S * de;
    dS.noalias() -= k * de.transpose();
    Decay::template forget_backward<T>(in.g, t, MatrixMap<const T>(before.data(), K, V), dS, d.g);
    S.noalias() += k * u.transpose();
  }

  /// Builds the Chunk of a window of tokens, and takes its gradient back to them.
  template <Real T>
  class Builder {
   public:
    Builder(Index C, Index K)
        : K_(K),
          x_(Matrix<T>::Zero(2 * C, padded<T>(K))),
          dx_(Matrix<T>::Zero(2 * C, padded<T>(K))),
          window_(C, K),
          chunk_(C, K) {}

    /// The chunk of the tokens t .. t + n - 1. O(n^2 K).
    const Chunk<T>& build(const HeadInputs<T>& in, Index t, Index n, T scale) {
      t_ = t;
      for (Index i = 0; i < n; ++i) {
        x_.row(i).head(K_) = VectorMap<const T>(in.k[t + i], K_);
        x_.row(n + i).head(K_) = VectorMap<const T>(in.q[t + i], K_);
      }
      scale_ = scale;
      window_.assign(in.g, t, n);
      window_.build(x_, x_, scale, chunk_);
      return chunk_;
    }
    [[nodiscard]] const Chunk<T>& chunk() const { return chunk_; }

    /// Adds the gradients of the chunk built last to the tokens'. O(n^2 K).
    void backward(const Chunk<T>& dchunk, const HeadGradients<T>& d) {
      const Index n = chunk_.tokens;
      dx_.topRows(2 * n).setZero();
      window_.backward(x_, x_, scale_, chunk_, dchunk, dx_, dx_);
      for (Index i = 0; i < n; ++i) {
        VectorMap<T>(d.k[t_ + i], K_) += dx_.row(i).head(K_);
        VectorMap<T>(d.q[t_ + i], K_) += dx_.row(n + i).head(K_);
      }
      window_.gate_backward(d.g, t_);
    }

   private:
    Index K_, t_ = 0;
    T scale_ = 1;
    Matrix<T> x_;   // [2 C, K]: keys, which predict and write, then queries
    Matrix<T> dx_;  // [2 C, K]
    typename Decay::template Window<T> window_;
    Chunk<T> chunk_;
  };

  /// Token t's targets x and write strengths b in the columns column .. column + columns - 1.
  template <Real T>
  static void load_values(const HeadInputs<T>& in, Index t, Index column, Index columns, T* x, T* b) {
    VectorMap<T>(x, columns) = VectorMap<const T>(in.v[t] + column, columns);
    VectorMap<T>(b, columns).setConstant(*in.beta[t]);
  }

  /// Adds the gradients of that.
  template <Real T>
  static void add_value_gradients(const T* dx, const T* db, Index t, Index column, Index columns, const HeadGradients<T>& d) {
    VectorMap<T>(d.v[t] + column, columns) += VectorMap<const T>(dx, columns);
    *d.beta[t] += VectorMap<const T>(db, columns).sum();
  }
};

/// DeltaNet, arXiv 2406.06484; flash-linear-attention's delta_rule.
using DeltaRule = DeltaMember<NoDecay>;
/// Gated DeltaNet, arXiv 2412.06464; flash-linear-attention's gated_delta_rule.
using GatedDeltaRule = DeltaMember<ScalarDecay>;

static_assert(Member<DeltaRule, float> && Member<GatedDeltaRule, double>);

}  // namespace deltanet
