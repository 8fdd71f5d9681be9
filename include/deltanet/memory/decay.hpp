#pragma once

#include "deltanet/memory/chunk.hpp"
#include "deltanet/memory/inputs.hpp"

namespace deltanet {

/// How a state forgets. A policy with two sides that must agree: `forget` is the definition, one token at a time; a `Window`
/// stands for a chunk of tokens at once and builds the four matrices of a Chunk.
///
/// Write a(j -> i) for the decay from after token j to after token i of a chunk of n, and a(0 -> i) for what came before it.
///
///   Gate<Vectors, Scalars>       the type of the input `g` in a bundle: Scalars, Vectors, or NoInput
///   gate_field<Tokens>()         the entry of `g` in the bundle's list, as a tuple of none or one
///   expect_gate(g)               throws std::invalid_argument unless g is in range
///   forget(g, t, S)              S <- a(t-1 -> t) S
///   forget_backward(g, t, S, dS, dg)   the gradients of that, S being the state before:  dg_t +=,  dS <-
///
///   Window<T>(C, K)              room for chunks of up to C tokens
///   assign(g, t, n)              now stands for the tokens t .. t + n - 1
///   build(x, w, scale, chunk)    from x = [p; q] [2 n, K], the rows that predict and read, and w [n, K], the rows that write:
///                                  R = [-a(0 -> i) p_i;  scale a(0 -> i) q_i]
///                                  H = [-<p_i, a(j -> i) w_j> for j < i;  scale <q_i, a(j -> i) w_j> for j <= i]
///                                  W = a(j -> n) w_j,    carry = a(0 -> n)
///   backward(x, w, scale, chunk, dchunk, dx, dw)   the gradients of that: adds to dx and dw, and gathers the decay's
///   gate_backward(dg, t)         adds the gathered gradient to dg
///
/// Every factor of a window is a product of decays, hence in [0, 1]; never a quotient, never exp of a difference that could be
/// positive. The decay's gradient is summed over the pairs that straddle a token (recurrence/README.md, equation 15), and so
/// loses nothing where the usual difference of cumulative sums cancels.
///
/// Laws, checked for every model in tests/laws/decay_laws.hpp: a window agrees with forgetting token by token, and its
/// gradients with finite differences. Models: NoDecay, ScalarDecay. To write your own, start from no_decay.hpp.
template <class D, class T>
concept Decay = Real<T> &&
    requires(const typename D::template Gate<Rows<const T>, Rows<const T>> g,
             const typename D::template Gate<Rows<T>, Rows<T>> dg, MatrixMap<T> S, MatrixMap<const T> S_before, Index n,
             typename D::template Window<T> window, const Matrix<T> x, Matrix<T> dx, Chunk<T> chunk) {
  D::template forget<T>(g, n, S);
  D::template forget_backward<T>(g, n, S_before, S, dg);
  window.assign(g, n, n);
  window.build(x, x, T(1), chunk);
  window.backward(x, x, T(1), chunk, chunk, dx, dx);
  window.gate_backward(dg, n);
};

}  // namespace deltanet
