#pragma once

#include "deltanet/memory/dynamics.hpp"
#include "deltanet/memory/member.hpp"
#include "deltanet/memory/rule.hpp"

namespace deltanet {

/// A member of the family: a Rule, which says what a token predicts, writes and reads, over a Dynamics, which says how the
/// state moves (recurrence/README.md, equations 1 to 4). With p_t, w_t, q_t the token's rows, x_t its target, b_t its strength:
///
///   e_t = x_t - P_t^T p_t,   u_t = b_t (.) e_t,   S_t = carry_t(S_{t-1}) + w_t u_t^T,   o_t = scale S_t^T q_t
///
/// where P_t is the state that predicts; a Hebbian rule has e_t = x_t. With momentum the write goes to both halves of the
/// state.
template <Rule Rule_, class Dynamics_>
struct Memory {
  using Rule = Rule_;
  using Dynamics = Dynamics_;

  template <Real T>
  using Inputs = typename Rule::template Tokens<Memory, T, View<const T, 4>, View<const T, 3>>;
  template <Real T>
  using Gradients = typename Rule::template Tokens<Memory, T, Tensor<T, 4>, Tensor<T, 3>>;
  template <Real T>
  using GradientViews = typename Rule::template Tokens<Memory, T, View<T, 4>, View<T, 3>>;
  template <Real T>
  using HeadInputs = typename Rule::template Tokens<Memory, T, Rows<const T>, Rows<const T>>;
  template <Real T>
  using HeadGradients = typename Rule::template Tokens<Memory, T, Rows<T>, Rows<T>>;

  template <Real T>
  static void expect_ranges(const Inputs<T>& in) {
    Dynamics::expect_gates(in);
  }

  /// Rows of the state of a memory with keys of width K: K, or 2 K with momentum.
  static constexpr Index state_rows(Index K) { return Dynamics::state_rows(K); }

  /// Multiply-adds, times two, that each entry of the memory takes a token: prediction, write, read, and as many for momentum
  /// as its decay, its part in the prediction and in the read.
  static constexpr Index flops_per_entry = (Rule::predicts ? 6 : 4) + (Dynamics::state_rows(1) > 1 ? 4 : 0);

  /// Token t: S [state_rows(K), V] is carried on, o [V] is what was read.
  template <Real T>
  static void step(const HeadInputs<T>& in, Index t, T scale, MatrixMap<T> S, VectorMap<T> o) {
    const Token<T> token(in, t, MatrixMap<const T>(S.data(), S.rows(), S.cols()));
    Dynamics::template carry<T>(in, t, S);
    for_each_block(S, [&](auto block) { block.noalias() += token.w * token.u.transpose(); });
    o.noalias() = scale * (S.topRows(token.q.size()).transpose() * token.q);
  }

  /// The gradients of token t. S is the state before it and is carried on, dS that of the state after it and is carried back.
  template <Real T>
  static void step_backward(const HeadInputs<T>& in, Index t, T scale, MatrixMap<T> S, VectorMap<const T> do_, MatrixMap<T> dS,
                            const HeadGradients<T>& d) {
    const Matrix<T> before = S;
    const MatrixMap<const T> S_before(before.data(), before.rows(), before.cols());
    const Token<T> token(in, t, S_before);
    const Index K = token.q.size(), V = S.cols();
    Dynamics::template carry<T>(in, t, S);
    for_each_block(S, [&](auto block) { block.noalias() += token.w * token.u.transpose(); });

    // forward: S_t = carry(S) + w u^T,   o = scale S_t^T q
    // so:      dS_t += scale q do^T,   dq += scale S_t do,   du = dS_t^T w,   dw = dS_t u
    dS.topRows(K).noalias() += scale * (token.q * do_.transpose());
    VectorMap<T>(d.q[t], K).noalias() += scale * (S.topRows(K) * do_);
    Vector<T> du = Vector<T>::Zero(V), dw = Vector<T>::Zero(K);
    for_each_block(dS, [&](auto block) {
      du.noalias() += block.transpose() * token.w;
      dw.noalias() += block * token.u;
    });
    Rule::template write_backward<T>(in, t, K, dw.data(), d);
    // forward: u = b (.) e,   e = x - P^T p
    // so:      db = du (.) e,   dx = de = b (.) du,   dp = -P de,   dP = -p de^T
    const Vector<T> db = du.cwiseProduct(token.e), dx = token.b.cwiseProduct(du);
    Rule::template values_backward<T>(in, t, 0, V, dx.data(), db.data(), d);
    Dynamics::template carry_backward<T>(in, t, S_before, dS, d);
    if constexpr (Rule::predicts) {
      const Vector<T> dp = -token.P * dx;
      Rule::template predict_backward<T>(in, t, K, dp.data(), d);
      Dynamics::template predicting_backward<T>(in, t, S_before, -token.p * dx.transpose(), dS, d);
    }
  }

  /// Builds the Chunk of a window of tokens, and takes its gradient back to them.
  template <Real T>
  class Builder {
   public:
    Builder(Index C, Index K)
        : K_(K),
          x_(Matrix<T>::Zero(2 * C, padded<T>(K))),
          w_(Matrix<T>::Zero(whole_packets<T>(C), padded<T>(K))),
          dx_(Matrix<T>::Zero(2 * C, padded<T>(K))),
          dw_(Matrix<T>::Zero(C, padded<T>(K))),
          window_(C, K),
          chunk_(C, state_rows(K)) {}

    /// The chunk of the tokens t .. t + n - 1. O(n^2 K).
    const Chunk<T>& build(const HeadInputs<T>& in, Index t, Index n, T scale) {
      t_ = t;
      scale_ = scale;
      chunk_.tokens = n;
      chunk_.predictions = Rule::predicts ? n : 0;
      for (Index i = 0; i < n; ++i) {
        if constexpr (Rule::predicts) Rule::template predict<T>(in, t + i, K_, x_.row(i).data());
        x_.row(chunk_.predictions + i).head(K_) = VectorMap<const T>(in.q[t + i], K_);
        Rule::template write<T>(in, t + i, K_, w_.row(i).data());
      }
      window_.assign(in, t, n);
      window_.build(x_, w_, scale, chunk_);
      return chunk_;
    }
    [[nodiscard]] const Chunk<T>& chunk() const { return chunk_; }

    /// Adds the gradients of the chunk built last to the tokens'. O(n^2 K).
    void backward(const HeadInputs<T>& in, const Chunk<T>& dchunk, const HeadGradients<T>& d) {
      const Index n = chunk_.tokens, P = chunk_.predictions;
      window_.backward(x_, w_, scale_, chunk_, dchunk, dx_, dw_);
      for (Index i = 0; i < n; ++i) {
        if constexpr (Rule::predicts) Rule::template predict_backward<T>(in, t_ + i, K_, dx_.row(i).data(), d);
        VectorMap<T>(d.q[t_ + i], K_) += dx_.row(P + i).head(K_);
        Rule::template write_backward<T>(in, t_ + i, K_, dw_.row(i).data(), d);
      }
      window_.gates_backward(d, t_);
    }

   private:
    Index K_, t_ = 0;
    T scale_ = 1;
    Matrix<T> x_, w_;    // [2 C, K]: rows that predict, then rows that read; [C, K]: rows that write
    Matrix<T> dx_, dw_;  // and their gradients
    typename Dynamics::template Window<T> window_;
    Chunk<T> chunk_;
  };

  /// Builds a chunk a token at a time, from `numbers` numbers of the caller: what a stream carries of a chunk that is not
  /// full.
  template <Real T>
  class OpenBuilder {
   public:
    OpenBuilder(Index C, Index K)
        : K_(K),
          x_(Matrix<T>::Zero(2, padded<T>(K))),
          w_(Vector<T>::Zero(padded<T>(K))),
          window_(C, K),
          chunk_(C, state_rows(K)) {}

    [[nodiscard]] static Index numbers(Index C, Index K) { return Dynamics::template OpenWindow<T>::numbers(C, K); }

    /// The rows of token t, which is token i of the chunk: the Chunk's rows that predict (if any does) and read, one each, and
    /// their pairs with the writes of the tokens up to i. O(i K).
    const Chunk<T>& append(const HeadInputs<T>& in, Index t, Index i, T scale, T* numbers) {
      const Index P = Rule::predicts ? 1 : 0;
      chunk_.tokens = 1;
      chunk_.predictions = P;
      if constexpr (Rule::predicts) Rule::template predict<T>(in, t, K_, x_.row(0).data());
      x_.row(P).head(K_) = VectorMap<const T>(in.q[t], K_);
      Rule::template write<T>(in, t, K_, w_.data());
      window_.append(in, t, i, x_, w_, scale, numbers, chunk_);
      return chunk_;
    }

    /// The Chunk's writes, carry and coupling after n tokens. O(n K).
    const Chunk<T>& close(Index n, const T* numbers) {
      chunk_.tokens = n;
      window_.close(numbers, chunk_);
      return chunk_;
    }

   private:
    Index K_;
    Matrix<T> x_;  // [2, K]
    Vector<T> w_;  // [K], padded
    typename Dynamics::template OpenWindow<T> window_;
    Chunk<T> chunk_;
  };

  /// Token t's targets x and write strengths b in the columns column .. column + columns - 1.
  template <Real T>
  static void load_values(const HeadInputs<T>& in, Index t, Index column, auto columns, T* x, T* b) {
    Rule::template values<T>(in, t, column, columns, x, b);
  }

  /// Adds the gradients of that.
  template <Real T>
  static void add_value_gradients(const HeadInputs<T>& in, const T* dx, const T* db, Index t, Index column, auto columns,
                                  const HeadGradients<T>& d) {
    Rule::template values_backward<T>(in, t, column, columns, dx, db, d);
  }

 private:
  /// What the definition makes of one token, before it is written.
  template <Real T>
  struct Token {
    Vector<T> p, q, w;  // [K]
    Vector<T> b, e, u;  // [V]
    Matrix<T> P;        // [K, V]: the state that predicts

    Token(const HeadInputs<T>& in, Index t, MatrixMap<const T> S) : b(S.cols()), e(S.cols()) {
      const Index K = S.rows() / state_rows(1);
      w.resize(K);
      q = VectorMap<const T>(in.q[t], K);
      Rule::template write<T>(in, t, K, w.data());
      Rule::template values<T>(in, t, 0, S.cols(), e.data(), b.data());
      if constexpr (Rule::predicts) {
        p.resize(K);
        Rule::template predict<T>(in, t, K, p.data());
        P = Dynamics::template predicting<T>(in, t, S);
        e.noalias() -= P.transpose() * p;
      }
      u = b.cwiseProduct(e);
    }
  };

  /// Calls f for each block of K rows of the state that a write goes to: the memory's, and the momentum's.
  template <class Map, class F>
  static void for_each_block(Map& S, const F& f) {
    const Index blocks = state_rows(1), K = S.rows() / blocks;
    for (Index i = 0; i < blocks; ++i) f(S.middleRows(i * K, K));
  }
};

}  // namespace deltanet
