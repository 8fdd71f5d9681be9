#pragma once

#include "support/algorithms.hpp"
#include "support/benchmark.hpp"
#include "support/inputs.hpp"
#include "support/judge.hpp"

/// A scan of any member over whole sequences, forward or with its backward, by one of the algorithms.
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

/// A small configuration of the same widths: chunks that are full and one that is not, grouped heads, as many as there are
/// gates, two sequences.
inline Sizes small(const Sizes& sizes, Index T = 38) { return {.B = 2, .T = T, .H = 1, .HV = 3, .K = sizes.K, .V = sizes.V}; }

/// What is judged beside the small configuration: the timed one, or, where the definition would take minutes and gigabytes,
/// fewer tokens.
inline Sizes judged(Sizes sizes) {
  if (sizes.T > 8192) sizes.T = 2048;
  return sizes;
}

/// wrong_in(sizes, tokens) says what is wrong with tokens of these sizes.
template <class M, Real T, class Wrong>
std::string wrong_tokens(const Sizes& sizes, Gates gates, const Tokens<M, T>& tokens, const Wrong& wrong_in) {
  std::string wrong = wrong_in(small(sizes), Tokens<M, T>(small(sizes), gates));
  if (!wrong.empty()) return wrong;
  return judged(sizes).T == sizes.T ? wrong_in(sizes, tokens) : wrong_in(judged(sizes), Tokens<M, T>(judged(sizes), gates));
}

template <class Algorithm, class M, Real T>
Prepared forward(const Sizes& sizes, Gates gates = Gates::mild) {
  const auto tokens = std::make_shared<const Tokens<M, T>>(sizes, gates);
  return {wrong_tokens<M, T>(sizes, gates, *tokens, wrong_forward<Algorithm, M, T>),
          [tokens] { benchmark::DoNotOptimize(Algorithm::forward(tokens->inputs()).o.data()); }};
}

template <class Algorithm, class M, Real T>
Prepared train(const Sizes& sizes, Gates gates = Gates::mild) {
  const auto tokens = std::make_shared<const Tokens<M, T>>(sizes, gates);
  return {wrong_tokens<M, T>(sizes, gates, *tokens, wrong_train<Algorithm, M, T>), [tokens] {
            benchmark::DoNotOptimize(Algorithm::train(tokens->inputs(), {.o = tokens->do_}).second.initial_state.data());
          }};
}

}  // namespace deltanet::bench
