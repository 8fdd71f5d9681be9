#pragma once

#include "deltanet/memory/key_decay.hpp"
#include "deltanet/memory/memory.hpp"
#include "deltanet/memory/momentum.hpp"

namespace deltanet {

/// The delta rule: writes under the key what the memory fails to predict of the value,
///
///   e_t = v_t - S'^T k_t,   u_t = beta_t e_t,   S_t = S' + k_t u_t^T        (recurrence/README.md, equations 1 to 4)
///
/// Inputs: q, k [B, T, H, K], v [B, T, HV, V], beta [B, T, HV] and the gates of its dynamics. Keys should have unit length and
/// beta lie in [0, 2]: then a chunk's triangular system is well conditioned.
struct Delta : PredictsWithKey, WritesAtKey, WritesValueByBeta {
  template <class Member_, Real T, class Vectors, class Scalars>
  struct Tokens {
    using Member = Member_;
    using Scalar = T;

    Vectors q{};     // [B, T, H, K]
    Vectors k{};     // [B, T, H, K]
    Vectors v{};     // [B, T, HV, V]
    Scalars beta{};  // [B, T, HV]
    typename Member::Dynamics::template Gate<Vectors, Scalars> g{};
    typename Member::Dynamics::template MomentumGate<Vectors, Scalars> eta{};

    static constexpr auto fields() { return token_fields<Tokens>(InputField{"beta", &Tokens::beta, Heads::value, Width::one}); }
  };
};

/// The delta rule with a write strength a value channel: u_t = beta_t (.) e_t, beta [B, T, HV, V]. With beta = sigmoid(W x + c)
/// this is the gate g of the update w <- w + g (.) dw with dw = -grad l.
struct ChannelDelta : PredictsWithKey, WritesAtKey {
  template <class Member_, Real T, class Vectors, class Scalars>
  struct Tokens {
    using Member = Member_;
    using Scalar = T;

    Vectors q{};     // [B, T, H, K]
    Vectors k{};     // [B, T, H, K]
    Vectors v{};     // [B, T, HV, V]
    Vectors beta{};  // [B, T, HV, V]
    typename Member::Dynamics::template Gate<Vectors, Scalars> g{};
    typename Member::Dynamics::template MomentumGate<Vectors, Scalars> eta{};

    static constexpr auto fields() {
      return token_fields<Tokens>(InputField{"beta", &Tokens::beta, Heads::value, Width::value});
    }
  };

  template <Real T, class In>
  static void values(const In& in, Index t, Index column, auto columns, T* x, T* b) {
    segment(x, columns) = segment(in.v[t] + column, columns);
    segment(b, columns) = segment(in.beta[t] + column, columns);
  }
  template <Real T, class In, class Out>
  static void values_backward(const In&, Index t, Index column, auto columns, const T* dx, const T* db, const Out& d) {
    segment(d.v[t] + column, columns) += segment(dx, columns);
    segment(d.beta[t] + column, columns) += segment(db, columns);
  }
};

/// The delta rule with a gate a key channel on what is written: S_t = S' + (beta_t (.) k_t) e_t^T, beta [B, T, HV, K].
struct KeyGatedDelta : PredictsWithKey, WritesValue {
  template <class Member_, Real T, class Vectors, class Scalars>
  struct Tokens {
    using Member = Member_;
    using Scalar = T;

    Vectors q{};     // [B, T, H, K]
    Vectors k{};     // [B, T, H, K]
    Vectors v{};     // [B, T, HV, V]
    Vectors beta{};  // [B, T, HV, K]
    typename Member::Dynamics::template Gate<Vectors, Scalars> g{};
    typename Member::Dynamics::template MomentumGate<Vectors, Scalars> eta{};

    static constexpr auto fields() { return token_fields<Tokens>(InputField{"beta", &Tokens::beta, Heads::value, Width::key}); }
  };

  template <Real T, class In>
  static void write(const In& in, Index t, Index K, T* w) {
    VectorMap<T>(w, K) = VectorMap<const T>(in.beta[t], K).cwiseProduct(VectorMap<const T>(in.k[t], K));
  }
  // forward: w = beta (.) k
  // so:      dbeta = dw (.) k,   dk += dw (.) beta
  template <Real T, class In, class Out>
  static void write_backward(const In& in, Index t, Index K, const T* dw, const Out& d) {
    const VectorMap<const T> by_w(dw, K);
    VectorMap<T>(d.beta[t], K) += by_w.cwiseProduct(VectorMap<const T>(in.k[t], K));
    VectorMap<T>(d.k[t], K) += by_w.cwiseProduct(VectorMap<const T>(in.beta[t], K));
  }
};

/// DeltaNet, arXiv 2406.06484; flash-linear-attention's delta_rule.
using DeltaRule = Memory<Delta, NoDecay>;
/// Gated DeltaNet, arXiv 2412.06464; flash-linear-attention's gated_delta_rule.
using GatedDeltaRule = Memory<Delta, ScalarDecay>;
/// Kimi delta attention, arXiv 2510.26692; flash-linear-attention's kda.
using KimiDeltaRule = Memory<Delta, KeyDecay>;
/// Titans' linear memory, arXiv 2501.00663; with NoDecay, or another place of the gradient: Memory<Delta, HeavyBall<...>>.
using MomentumDeltaRule = Memory<Delta, HeavyBall<>>;
/// The same with Nesterov's momentum.
using NesterovDeltaRule = Memory<Delta, Nesterov<>>;
/// Write strengths a value channel and a key channel, over a memory that decays.
using ChannelGatedDeltaRule = Memory<ChannelDelta, ScalarDecay>;
using KeyGatedDeltaRule = Memory<KeyGatedDelta, ScalarDecay>;

static_assert(Member<DeltaRule, float> && Member<KimiDeltaRule, double> && Member<MomentumDeltaRule, float>);

}  // namespace deltanet
