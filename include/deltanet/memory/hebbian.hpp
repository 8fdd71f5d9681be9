#pragma once

#include "deltanet/memory/delta_rule.hpp"
#include "deltanet/memory/key_decay.hpp"
#include "deltanet/memory/memory.hpp"
#include "deltanet/memory/no_decay.hpp"

namespace deltanet {

/// Hebb's rule: writes the value under the key, whatever the memory holds already: S_t = S' + k_t v_t^T. Nothing is predicted,
/// so there is no system to solve. Inputs: q, k [B, T, H, K], v [B, T, HV, V] and the gates of its dynamics. The smallest rule:
/// the one to copy for your own.
struct Hebbian : WritesAtKey, WritesValue {
  static constexpr bool predicts = false;

  template <class Member_, Real T, class Vectors, class Scalars>
  struct Tokens {
    using Member = Member_;
    using Scalar = T;

    Vectors q{};  // [B, T, H, K]
    Vectors k{};  // [B, T, H, K]
    Vectors v{};  // [B, T, HV, V]
    typename Member::Dynamics::template Gate<Vectors, Scalars> g{};
    typename Member::Dynamics::template MomentumGate<Vectors, Scalars> eta{};

    static constexpr auto fields() { return token_fields<Tokens>(); }
  };
};

/// Hebb's rule with an input gate: S_t = S' + beta_t k_t v_t^T. Inputs are those of the delta rule, beta [B, T, HV] among them.
struct GatedHebbian : Delta {
  static constexpr bool predicts = false;
};

/// Linear attention without a normaliser, arXiv 2006.16236; flash-linear-attention's linear_attn.
using LinearAttentionRule = Memory<Hebbian, NoDecay>;
/// One decay a head and token: RetNet (arXiv 2307.08621, g constant) and Mamba-2's state-space duality (arXiv 2405.21060);
/// flash-linear-attention's simple_gla.
using ScalarDecayRule = Memory<Hebbian, ScalarDecay>;
/// Gated linear attention, arXiv 2312.06635: one decay a key channel; flash-linear-attention's gla.
using GatedLinearAttentionRule = Memory<Hebbian, KeyDecay>;

/// The matrix memory of xLSTM without its normaliser, arXiv 2405.04517: g is the logarithm of its forget gate, beta its input
/// gate.
using MatrixLSTMRule = Memory<GatedHebbian, ScalarDecay>;

static_assert(Member<LinearAttentionRule, float> && Member<GatedLinearAttentionRule, double>);

}  // namespace deltanet
