#pragma once

#include <concepts>

#include "deltanet/core/flush_to_zero.hpp"
#include "deltanet/core/parameters.hpp"
#include "deltanet/core/random.hpp"
#include "deltanet/core/sequences.hpp"

namespace deltanet {

/// The State of a layer that treats every token alone.
struct NoState {
  static constexpr auto fields() { return std::tuple{}; }
};

/// Something trainable that maps tokens to tokens: [B, T, D] -> [B, T, D'].
///
/// Four kinds of data, four types: Config (sizes and options), Params (what is learnt; gradients are a Params too), State (what
/// is carried from call to call; a value: copy it to fork, keep it to roll back), Cache (what backward needs of a forward).
///
///   initialize(random)                     draws the parameters as the sources do
///   initial_state(N)                       the state before the first token of N sequences
///   forward(x, state, cache, sequences)    y; reads and replaces *state and fills *cache where they are not null; each row
///                                          of x is a sequence, or they are packed into one as `sequences` says
///   step(x, state)                         one token of each sequence, [N, D] -> [N, D']
///   backward(cache, dy, grads)             dx; ADDS to grads. The cache must be of the same layer with the same parameters
///
/// Laws, checked for every model in tests/laws/layer_laws.hpp:
///   step by step == forward;  split anywhere with the state carried == whole;  packed, or padded (core/padding.hpp) == alone;
///   gradients == finite differences;  saved and loaded == same;  output t does not depend on tokens after t, to the last bit;
///   nor does any depend on threads, on the caller's rounding (FlushToZero at the top of forward and backward), on old memory.
template <class L>
concept Layer = Real<typename L::Scalar> && Parameters<typename L::Params> && std::copyable<typename L::State> &&
    std::default_initializable<typename L::Cache> && std::constructible_from<L, typename L::Config> &&
    requires(L layer, const L fixed, View<const typename L::Scalar, 3> x, View<const typename L::Scalar, 2> token,
             typename L::State state, typename L::Cache cache, typename L::Params gradients, Random random, Index batch,
             Sequences sequences) {
  { fixed.config } -> std::convertible_to<typename L::Config>;
  { fixed.params } -> std::convertible_to<typename L::Params>;
  layer.initialize(random);
  { fixed.initial_state(batch) } -> std::same_as<typename L::State>;
  { fixed.forward(x) } -> std::same_as<Tensor<typename L::Scalar, 3>>;
  { fixed.forward(x, &state, &cache, sequences) } -> std::same_as<Tensor<typename L::Scalar, 3>>;
  { fixed.step(token, state) } -> std::same_as<Tensor<typename L::Scalar, 2>>;
  { fixed.backward(cache, x, gradients) } -> std::same_as<Tensor<typename L::Scalar, 3>>;
};

}  // namespace deltanet
