#pragma once

#include "deltanet/memory/comba.hpp"
#include "deltanet/memory/erase_write.hpp"
#include "deltanet/memory/hebbian.hpp"
#include "deltanet/recurrence/streamed.hpp"
#include "support/algorithms.hpp"
#include "support/benchmark.hpp"
#include "support/inputs.hpp"
#include "support/judge.hpp"

/// The recurrence alone, of any member: `prefill` and `train` are the chunked scan, forward and with its backward, `sequential`
/// and `sequential_train` the definition, `decode` one token of each sequence of a stream.
namespace deltanet::bench {

inline std::string text(const char* what, const Sizes& sizes) {
  return deltanet::detail::concat(what, " of ", sizes.T, " tokens");
}

template <class Algorithm, class M, Real T>
std::string wrong_forward(const Sizes& sizes, const Tokens<M, T>& tokens) {
  const auto result = Algorithm::forward(tokens.inputs());
  use_all_threads();
  const Tokens<M, double> exact_tokens(tokens);
  const auto exact = Algorithm::Definition::forward(exact_tokens.inputs());
  Judge judge(text("forward", sizes));
  judge.compare<T>("o", result.o, exact.o);
  judge.compare<T>("final_state", result.final_state, exact.final_state);
  return judge.complaint();
}

template <class Algorithm, class M, Real T>
std::string wrong_train(const Sizes& sizes, const Tokens<M, T>& tokens) {
  const auto [result, gradients] = Algorithm::train(tokens.inputs(), {.o = tokens.do_});
  use_all_threads();
  const Tokens<M, double> exact_tokens(tokens);
  const auto [exact, exact_gradients] = Algorithm::Definition::train(exact_tokens.inputs(), {.o = exact_tokens.do_});
  Judge judge(text("forward and backward", sizes));
  judge.compare<T>("o", result.o, exact.o);
  judge.compare<T>("final_state", result.final_state, exact.final_state);
  for_each_input([&](const auto& field, const auto& d,
                     const auto& exact_d) { judge.compare<T>(deltanet::detail::concat("d", field.name), d, exact_d); },
                 gradients.inputs, exact_gradients.inputs);
  judge.compare<T>("dinitial_state", gradients.initial_state, exact_gradients.initial_state);
  return judge.complaint();
}

/// A small configuration of the same widths: chunks that are full and one that is not, grouped heads, two sequences.
inline Sizes small(const Sizes& sizes, Index T = 38) { return {.B = 2, .T = T, .H = 1, .HV = 2, .K = sizes.K, .V = sizes.V}; }

template <class Algorithm, class M, Real T>
Prepared forward(const Sizes& sizes) {
  const auto tokens = std::make_shared<const Tokens<M, T>>(sizes);
  std::string wrong = wrong_forward<Algorithm>(small(sizes), Tokens<M, T>(small(sizes)));
  if (wrong.empty()) wrong = wrong_forward<Algorithm>(sizes, *tokens);
  return {wrong, [tokens] { benchmark::DoNotOptimize(Algorithm::forward(tokens->inputs()).o.data()); }};
}

template <class Algorithm, class M, Real T>
Prepared train(const Sizes& sizes) {
  const auto tokens = std::make_shared<const Tokens<M, T>>(sizes);
  std::string wrong = wrong_train<Algorithm>(small(sizes), Tokens<M, T>(small(sizes)));
  if (wrong.empty()) wrong = wrong_train<Algorithm>(sizes, *tokens);
  return {wrong, [tokens] {
            benchmark::DoNotOptimize(Algorithm::train(tokens->inputs(), {.o = tokens->do_}).second.initial_state.data());
          }};
}

/// A stream of different tokens, over and over, on states that are carried on. A stream of one token would let what it does not
/// write fade to denormal numbers.
template <class M, Real T>
struct Stream {
  Sizes sizes;  // of one step
  Index length = 4 * sizes.K;
  Tokens<M, T> tokens{{.B = length * sizes.B, .T = 1, .H = sizes.H, .HV = sizes.HV, .K = sizes.K, .V = sizes.V}};
  RecurrentState<T, M> state = RecurrentState<T, M>::zero(sizes.B, sizes.HV, sizes.K, sizes.V);
  Index next = 0;

  Tensor<T, 4> operator()() {
    const Index t = std::exchange(next, (next + 1) % length);
    return streamed(tokens.inputs(t * sizes.B, sizes.B), state);
  }
};

template <class M, Real T>
std::string wrong_stream(const Sizes& sizes, Index steps) {
  Stream<M, T> stream{sizes};
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
Prepared decode(const Sizes& sizes) {
  std::string wrong = wrong_stream<M, T>(small(sizes, 1), 40);
  if (wrong.empty()) wrong = wrong_stream<M, T>(sizes, 10);
  return {wrong,
          [stream = std::make_shared<Stream<M, T>>(Stream<M, T>{sizes})] { benchmark::DoNotOptimize((*stream)().data()); },
          [numbers = sizes.B * sizes.HV * M::state_rows(sizes.K) * sizes.V] { return rewrite_bound<T>(numbers); }};
}

template <class M, Real T, class Prepare>
void add_scan(const std::string& prefix, Index d, Index T_, int threads, double flops_share, const Prepare& prepare,
              Index H = 16) {
  const Sizes sizes{.B = 1, .T = T_, .H = H, .HV = H, .K = d, .V = d};
  const Work work{threads, sizes.tokens(), flops_share * sizes.flops<M>()};
  add<T>(deltanet::detail::concat(prefix, "/d", d, "/H", H, "/T", T_, "/threads", threads), work,
         [sizes, prepare] { return prepare(sizes); });
}

/// The measurements of a member: of all sizes, or one of each kind.
template <class M, Real T>
void add_member(const std::string& name, bool all_sizes = false) {
  const std::string member = "/" + name + "/" + scalar_name<T>;
  // one change at a time from d128/T2048/threads1
  const auto vary = [&](const std::string& prefix, double flops_share, const auto& prepare) {
    const auto at = [&](Index d, Index tokens, int threads, Index H = 16) {
      add_scan<M, T>(prefix, d, tokens, threads, flops_share, prepare, H);
    };
    at(128, 2048, 1);
    if (!all_sizes) return;
    for (const Index tokens : {512, 8192}) at(128, tokens, 1);
    for (const Index d : {64, 256, 60, 100}) at(d, 2048, 1);
    for (const int threads : thread_counts())
      if (threads > 1) at(128, 2048, threads);
    for (const int threads : thread_counts()) at(128, 2048, threads, 2);
  };
  vary("prefill" + member, 1, forward<Chunked, M, T>);
  vary("train" + member, 3, train<Chunked, M, T>);
  add_scan<M, T>("sequential" + member, 128, 2048, 1, 1, forward<Sequential, M, T>);
  add_scan<M, T>("sequential_train" + member, 128, 2048, 1, 3, train<Sequential, M, T>);
  for (const Index B : {1, 8})
    for (const int threads : thread_counts()) {
      const Sizes sizes{.B = B, .T = 1, .H = 32, .HV = 32, .K = 128, .V = 128};
      add<T>(deltanet::detail::concat("decode", member, "/d128/H32/B", B, "/threads", threads),
             {threads, sizes.tokens(), sizes.flops<M>()}, [sizes] { return decode<M, T>(sizes); });
    }
}

}  // namespace deltanet::bench
