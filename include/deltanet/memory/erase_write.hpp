#pragma once

#include "deltanet/memory/key_decay.hpp"
#include "deltanet/memory/memory.hpp"

namespace deltanet {

/// Gated DeltaNet-2's rule (arXiv 2605.22791): separate gates for what is erased and what is written,
///
///   e_t = w_t (.) v_t - S'^T (b_t (.) k_t),   S_t = S' + k_t e_t^T
///
/// Inputs: q, k [B, T, H, K], v [B, T, HV, V], the erase gate b [B, T, HV, K], the write gate w [B, T, HV, V] and the gates of
/// its dynamics.
struct EraseWrite : WritesAtKey {
  static constexpr bool predicts = true;

  template <class Member_, Real T, class Vectors, class Scalars>
  struct Tokens {
    using Member = Member_;
    using Scalar = T;

    Vectors q{};  // [B, T, H, K]
    Vectors k{};  // [B, T, H, K]
    Vectors v{};  // [B, T, HV, V]
    Vectors b{};  // [B, T, HV, K]
    Vectors w{};  // [B, T, HV, V]
    typename Member::Dynamics::template Gate<Vectors, Scalars> g{};
    typename Member::Dynamics::template MomentumGate<Vectors, Scalars> eta{};

    static constexpr auto fields() {
      return token_fields<Tokens>(InputField{"b", &Tokens::b, Heads::value, Width::key},
                                  InputField{"w", &Tokens::w, Heads::value, Width::value});
    }
  };

  template <Real T, class In>
  static void predict(const In& in, Index t, Index K, T* p) {
    VectorMap<T>(p, K) = VectorMap<const T>(in.b[t], K).cwiseProduct(VectorMap<const T>(in.k[t], K));
  }
  // forward: p = b (.) k
  // so:      db = dp (.) k,   dk += dp (.) b
  template <Real T, class In, class Out>
  static void predict_backward(const In& in, Index t, Index K, const T* dp, const Out& d) {
    const VectorMap<const T> by_p(dp, K);
    VectorMap<T>(d.b[t], K) += by_p.cwiseProduct(VectorMap<const T>(in.k[t], K));
    VectorMap<T>(d.k[t], K) += by_p.cwiseProduct(VectorMap<const T>(in.b[t], K));
  }

  template <Real T, class In>
  static void values(const In& in, Index t, Index column, auto columns, T* x, T* b) {
    segment(x, columns) = segment(in.w[t] + column, columns).cwiseProduct(segment(in.v[t] + column, columns));
    segment(b, columns).setOnes();
  }
  // forward: x = w (.) v
  // so:      dw = dx (.) v,   dv = dx (.) w
  template <Real T, class In, class Out>
  static void values_backward(const In& in, Index t, Index column, auto columns, const T* dx, const T*, const Out& d) {
    const auto by_x = segment(dx, columns);
    segment(d.w[t] + column, columns) += by_x.cwiseProduct(segment(in.v[t] + column, columns));
    segment(d.v[t] + column, columns) += by_x.cwiseProduct(segment(in.w[t] + column, columns));
  }
};

/// Gated DeltaNet-2, arXiv 2605.22791; flash-linear-attention's gdn2.
using GatedDeltaRule2 = Memory<EraseWrite, KeyDecay>;

static_assert(Member<GatedDeltaRule2, float> && Member<GatedDeltaRule2, double>);

}  // namespace deltanet
