#pragma once

#include <concepts>

#include "deltanet/memory/chunk.hpp"
#include "deltanet/memory/inputs.hpp"

namespace deltanet {

/// One kind of memory, as a policy of the recurrence: what it reads of a token, its definition token by token, and what a chunk
/// of tokens comes to. The algorithms of recurrence/ know members only through this.
///
///   Inputs<T>, Gradients<T>              the bundle of named tensors, as views to read and as owners
///   GradientViews<T>                     the same as views to write
///   HeadInputs<T>, HeadGradients<T>      the same bundle as the rows of one value head
///   expect_ranges(in)                    throws std::invalid_argument for gates out of range
///   state_rows(K)                        rows of the state: K, or 2 K for a memory with momentum
///   step, step_backward                  the definition: one token, on the state as a matrix [state_rows(K), V]
///   Builder<T>(C, K)                     build(in, t, n, scale) makes the Chunk of n tokens,
///                                        backward(in, dchunk, d) adds its gradients
///   OpenBuilder<T>(C, K)                 append(in, t, i, scale, numbers) makes the rows of one token more of a chunk,
///                                        close(n, numbers) what its n tokens leave of the state and of their writes
///   load_values, add_value_gradients     one token's target x and strength b in a slice of value columns
///
/// Laws, checked for every member in tests/laws/member_laws.hpp: the chunk's equations equal the definition, in output, state
/// and every gradient. Models: every Memory<Rule, Dynamics>; the README of the project has the table.
template <class M, class T>
concept Member = Real<T> && InputBundle<typename M::template Inputs<T>> &&
    requires(const typename M::template Inputs<T> in, const typename M::template HeadInputs<T> head,
             const typename M::template HeadGradients<T> d, MatrixMap<T> S, VectorMap<T> o, VectorMap<const T> do_, Index n,
             T* to, const T* from, typename M::template Builder<T> builder, typename M::template OpenBuilder<T> open,
             const Chunk<T> dchunk) {
  M::expect_ranges(in);
  { M::state_rows(n) } -> std::same_as<Index>;
  M::step(head, n, T(1), S, o);
  M::step_backward(head, n, T(1), S, do_, S, d);
  { builder.build(head, n, n, T(1)) } -> std::same_as<const Chunk<T>&>;
  builder.backward(head, dchunk, d);
  { open.append(head, n, n, T(1), to) } -> std::same_as<const Chunk<T>&>;
  { M::template OpenBuilder<T>::numbers(n, n) } -> std::same_as<Index>;
  { open.close(n, from) } -> std::same_as<const Chunk<T>&>;
  M::load_values(head, n, n, n, to, to);
  M::add_value_gradients(head, from, from, n, n, n, d);
};

}  // namespace deltanet
