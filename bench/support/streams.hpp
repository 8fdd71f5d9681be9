#pragma once

#include "deltanet/recurrence/streamed.hpp"
#include "support/scans.hpp"

/// Decoding with any member: one token of each sequence of a stream.
namespace deltanet::bench {

/// A stream of different tokens, over and over, on states that are carried on. A stream of one token would let what it does not
/// write fade to denormal numbers.
template <class M, Real T>
struct Stream {
  Sizes sizes;  // of one step
  Gates gates;
  Index length = 4 * sizes.K;
  Tokens<M, T> tokens{{.B = length * sizes.B, .T = 1, .H = sizes.H, .HV = sizes.HV, .K = sizes.K, .V = sizes.V}, gates};
  RecurrentState<T, M> state = RecurrentState<T, M>::zero(sizes.B, sizes.HV, sizes.K, sizes.V);
  Index next = 0;

  Tensor<T, 4> operator()() {
    const Index t = std::exchange(next, (next + 1) % length);
    return streamed(tokens.inputs(t * sizes.B, sizes.B), state);
  }
};

template <class M, Real T>
std::string wrong_stream(const Sizes& sizes, Gates gates, Index steps) {
  Stream<M, T> stream{sizes, gates};
  const Tokens<M, double> exact_tokens(stream.tokens);
  Tensor<double, 4> state = zeros<double>(sizes.B, sizes.HV, M::state_rows(sizes.K), sizes.V);
  Judge judge(deltanet::detail::concat("decoding ", steps, " tokens of ", sizes.B, " sequences"));
  for (Index t = 0; t < steps; ++t) {
    const Tensor<T, 4> o = stream();
    auto exact = sequential(exact_tokens.inputs(t * sizes.B, sizes.B), {.initial_state = state});
    judge.compare<T>("o", o, exact.o);
    state = std::move(exact.final_state);
  }
  judge.compare<T>("state", stream.state.settled(), state);
  return judge.complaint();
}

template <class M, Real T>
Prepared decode(const Sizes& sizes, Gates gates) {
  std::string wrong = wrong_stream<M, T>(small(sizes, 1), gates, 40);
  if (wrong.empty()) wrong = wrong_stream<M, T>(sizes, gates, 10);
  return {
      wrong,
      [stream = std::make_shared<Stream<M, T>>(Stream<M, T>{sizes, gates})] { benchmark::DoNotOptimize((*stream)().data()); },
      [numbers = sizes.B * sizes.HV * M::state_rows(sizes.K) * sizes.V] { return rewrite_bound<T>(numbers); }};
}

}  // namespace deltanet::bench
