#pragma once

#include "deltanet/memory/chunk.hpp"
#include "deltanet/memory/inputs.hpp"

namespace deltanet {

/// Which state a prediction is made from, where a token both decays the state S_{t-1} and writes to it.
enum class PredictedFrom {
  decayed,   ///< S' = forget_t(S_{t-1}): Gated DeltaNet, KDA
  previous,  ///< S_{t-1} itself: the papers of Comba and Titans
  ahead      ///< where decay and momentum alone would lead: Nesterov's look-ahead. Without momentum the same as `decayed`
};

/// How a state moves from token to token: how it forgets, whether it has momentum. A policy with two sides that must agree: the
/// definition, one token at a time, and a `Window`, which stands for a chunk of tokens at once and builds their Chunk.
///
/// The state is a matrix S [rows, V]: the memory's K rows and, with momentum, as many again. A write w u^T is added to each of
/// these blocks.
///
///   state_rows(K)                the rows of the state of a memory of K rows
///   Gate, MomentumGate<Vectors, Scalars>   the types of the inputs `g` and `eta` in a bundle: Scalars, Vectors, or NoInput
///   gate_fields<Tokens>()        the entries of those in the bundle's list, as a tuple
///   expect_gates(in)             throws std::invalid_argument unless they are in range
///
///   predicting(in, t, S)         the matrix [K, V] from which token t is predicted, S being the state before it
///   predicting_backward(in, t, S, dP, dS, d)   the gradients of that: adds to dS and d
///   carry(in, t, S)              S <- the state after token t, had it written nothing
///   carry_backward(in, t, S, dS, d)            the gradients of that: dS <-, adds to d
///
///   Window<T>(C, K)              room for chunks of up to C tokens
///   assign(in, t, n)             now stands for the tokens t .. t + n - 1
///   build(x, w, scale, chunk)    fills the chunk, whose tokens n and predictions P are set, from the rows that predict and
///                                read, x = [p; q] [P + n, K], and the rows that write, w [n, K]
///   backward(x, w, scale, chunk, dchunk, dx, dw)   the gradients of that: fills the K columns of those rows of dx and dw, and
///                                gathers those of the gates
///   gates_backward(d, t)         adds the gathered gradients to those of the tokens from t on
///
///   OpenWindow<T>(C, K)          the same for a chunk that is read a token at a time, and may be left open
///   numbers(C, K)                how many numbers it carries from token to token, in memory of the caller; static
///   append(in, t, i, x, w, scale, numbers, chunk)  row by row what `build` makes of token i of the chunk, bit for bit where it
///                                can: its rows that predict and read and their pairs with the writes so far. x = [p; q] has
///                                one row each, w [K] the row that writes, rows are padded with zeros
///   close(numbers, chunk)        what is left of the writes of chunk.tokens tokens, and of the state
///
/// Every factor of a window is a sum of products of decays in [0, 1]; never a quotient, never exp of a difference that could be
/// positive. Gradients of gates are sums over the pairs that straddle a token (recurrence/README.md, equation 15), and so lose
/// nothing where the usual difference of cumulative sums cancels.
///
/// Laws, checked for every model in tests/laws/dynamics_laws.hpp: a window agrees with the definition token by token, and both
/// with finite differences. Models: NoDecay, ScalarDecay, KeyDecay, Momentum. To write your own, start from no_decay.hpp.
template <class D, class T>
concept Dynamics = Real<T> && requires(Index n, typename D::template Window<T> window, typename D::template OpenWindow<T> open,
                                       const Matrix<T> x, Matrix<T> dx, T scale, Chunk<T> chunk, const T* numbers) {
  { D::state_rows(n) } -> std::same_as<Index>;
  typename D::template Gate<Rows<T>, Rows<T>>;
  typename D::template MomentumGate<Rows<T>, Rows<T>>;
  window.build(x, x, scale, chunk);
  window.backward(x, x, scale, chunk, chunk, dx, dx);
  { open.numbers(n, n) } -> std::same_as<Index>;
  open.close(numbers, chunk);
};

}  // namespace deltanet
