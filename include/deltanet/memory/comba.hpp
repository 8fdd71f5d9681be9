#pragma once

#include "deltanet/memory/key_decay.hpp"
#include "deltanet/memory/memory.hpp"

namespace deltanet {

/// Comba's rule (arXiv 2506.02475): the key p that predicts is another than the key k that is written,
///
///   e_t = v_t - P^T p_t,   S_t = S' + beta_t k_t e_t^T,   P = S' or the undecayed S_{t-1}, as the dynamics says.
///
/// Inputs: q, k, p [B, T, H, K], v [B, T, HV, V], beta [B, T, HV] and the gates of its dynamics.
struct CombaRule : WritesAtKey, WritesValueByBeta {
  static constexpr bool predicts = true;

  template <class Member_, Real T, class Vectors, class Scalars>
  struct Tokens {
    using Member = Member_;
    using Scalar = T;

    Vectors q{};     // [B, T, H, K]
    Vectors k{};     // [B, T, H, K]
    Vectors v{};     // [B, T, HV, V]
    Vectors p{};     // [B, T, H, K]
    Scalars beta{};  // [B, T, HV]
    typename Member::Dynamics::template Gate<Vectors, Scalars> g{};
    typename Member::Dynamics::template MomentumGate<Vectors, Scalars> eta{};

    static constexpr auto fields() {
      return token_fields<Tokens>(InputField{"p", &Tokens::p, Heads::key, Width::key},
                                  InputField{"beta", &Tokens::beta, Heads::value, Width::one});
    }
  };

  template <Real T, class In>
  static void predict(const In& in, Index t, Index K, T* p) {
    VectorMap<T>(p, K) = VectorMap<const T>(in.p[t], K);
  }
  template <Real T, class In, class Out>
  static void predict_backward(const In&, Index t, Index K, const T* dp, const Out& d) {
    VectorMap<T>(d.p[t], K) += VectorMap<const T>(dp, K);
  }
};

/// Comba as its paper and its kernels have it: predictions from the undecayed state.
using CombaDeltaRule = Memory<CombaRule, BasicScalarDecay<PredictedFrom::previous>>;
/// Comba as flash-linear-attention's naive reference has it: predictions from the decayed state.
using DecayedCombaDeltaRule = Memory<CombaRule, ScalarDecay>;

static_assert(Member<CombaDeltaRule, float> && Member<DecayedCombaDeltaRule, double>);

}  // namespace deltanet
