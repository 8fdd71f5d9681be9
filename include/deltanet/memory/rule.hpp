#pragma once

#include "deltanet/memory/inputs.hpp"

namespace deltanet {

/// What a member makes of a token: which rows predict, write and read, which value is the target, and how strongly it is
/// written. A policy; `Memory` joins it with a Dynamics.
///
///   predicts                          whether the memory is asked before it is written; if not, the rule is Hebbian: e = x
///   Tokens<Member, T, Vectors, Scalars>   the bundle of the member's named inputs, `g` and `eta` of the dynamics among them
///   predict(in, t, K, p), write(in, t, K, w)   the rows p, w [K] of token t; the row that reads is always its query `q`
///   predict_backward(in, t, K, dp, d), write_backward   add the gradients of that
///   values(in, t, column, columns, x, b)       targets x and strengths b in a slice of the value columns; `columns` is an
///                                              Index, or a constant that `segment` makes use of: best taken as `auto`
///   values_backward(in, t, column, columns, dx, db, d)   adds the gradients of that
///
/// Models: Delta, ChannelDelta, Hebbian, CombaRule, EraseWrite, KeyGatedDelta. To write your own, start from Hebbian.
template <class R>
concept Rule = requires {
  { R::predicts } -> std::convertible_to<bool>;
};

/// Rows that are the key.
struct PredictsWithKey {
  static constexpr bool predicts = true;

  template <Real T, class In>
  static void predict(const In& in, Index t, Index K, T* p) {
    VectorMap<T>(p, K) = VectorMap<const T>(in.k[t], K);
  }
  template <Real T, class In, class Out>
  static void predict_backward(const In&, Index t, Index K, const T* dp, const Out& d) {
    VectorMap<T>(d.k[t], K) += VectorMap<const T>(dp, K);
  }
};

struct WritesAtKey {
  template <Real T, class In>
  static void write(const In& in, Index t, Index K, T* w) {
    VectorMap<T>(w, K) = VectorMap<const T>(in.k[t], K);
  }
  template <Real T, class In, class Out>
  static void write_backward(const In&, Index t, Index K, const T* dw, const Out& d) {
    VectorMap<T>(d.k[t], K) += VectorMap<const T>(dw, K);
  }
};

/// The target is the value, written with the strength `beta` of the token.
struct WritesValueByBeta {
  template <Real T, class In>
  static void values(const In& in, Index t, Index column, auto columns, T* x, T* b) {
    segment(x, columns) = segment(in.v[t] + column, columns);
    segment(b, columns).setConstant(*in.beta[t]);
  }
  template <Real T, class In, class Out>
  static void values_backward(const In&, Index t, Index column, auto columns, const T* dx, const T* db, const Out& d) {
    segment(d.v[t] + column, columns) += segment(dx, columns);
    *d.beta[t] += segment(db, columns).sum();
  }
};

/// The target is the value, written as it is.
struct WritesValue {
  template <Real T, class In>
  static void values(const In& in, Index t, Index column, auto columns, T* x, T* b) {
    segment(x, columns) = segment(in.v[t] + column, columns);
    segment(b, columns).setOnes();
  }
  template <Real T, class In, class Out>
  static void values_backward(const In&, Index t, Index column, auto columns, const T* dx, const T*, const Out& d) {
    segment(d.v[t] + column, columns) += segment(dx, columns);
  }
};

/// The fields that every bundle begins with, and those of its dynamics that it ends with.
template <class Tokens>
constexpr auto token_fields(auto... own) {
  return std::tuple_cat(
      std::tuple{InputField{"q", &Tokens::q, Heads::key, Width::key}, InputField{"k", &Tokens::k, Heads::key, Width::key},
                 InputField{"v", &Tokens::v, Heads::value, Width::value}, own...},
      Tokens::Member::Dynamics::template gate_fields<Tokens>());
}

}  // namespace deltanet
