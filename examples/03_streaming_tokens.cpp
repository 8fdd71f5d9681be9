/// In its recurrent form a Gated DeltaNet layer (arXiv 2412.06464) knows all earlier tokens by one state of fixed size. A
/// prompt is read in one go (prefill), then tokens come one at a time (decode), each at the same cost however long the text has
/// become. A state is a value: a copy forks the text, and a copy that was kept rolls it back.
#include <cstdio>

#include "deltanet/layers/gated_delta_net.hpp"

using namespace deltanet;

void print(const char* what, const auto& y) { std::printf("%-36s %6.3f %6.3f %6.3f\n", what, y(0), y(1), y(2)); }

int main() {
  const Index D = 32, T = 100, prompt = 96;
  Random random(1);
  GatedDeltaNet<double> layer({.hidden_size = D, .expand_v = 2, .head_dim = 8, .num_heads = 3});
  layer.initialize(random);
  Tensor<double, 3> text(1, T, D);  // [B, T, D]
  random.fill_normal(text);
  const auto tokens = [&](Index first, Index count) { return View<const double, 3>(&text(0, first, 0), {1, count, D}); };
  const auto token = [&](Index t) { return View<const double, 2>(&text(0, t, 0), {1, D}); };

  // All tokens at once: what training does.
  const Tensor<double, 3> whole = layer.forward(text);
  print("the last token, all at once:", rows(whole).row(T - 1));

  // Prefill, then step by step.
  GatedDeltaNet<double>::State state = layer.initial_state(1);
  layer.forward(tokens(0, prompt), &state);
  const auto fork = state;  // before the first step
  Tensor<double, 2> y(1, D);
  for (Index t = prompt; t < T; ++t) y = layer.step(token(t), state);
  print("prefill of 96, then 4 steps:", rows(y).row(0));

  // Fork: the same prompt, another continuation, and the first one again.
  auto other = fork, again = fork;
  for (Index t = T; t-- > prompt;) y = layer.step(token(t), other);
  print("the 4 in reverse order, on a fork:", rows(y).row(0));
  print("prefill continued on another fork:", rows(layer.forward(tokens(prompt, T - prompt), &again)).row(T - prompt - 1));
}
// Prints:
//   the last token, all at once:         -0.006 -0.024  0.087
//   prefill of 96, then 4 steps:         -0.006 -0.024  0.087
//   the 4 in reverse order, on a fork:    0.018  0.107 -0.180
//   prefill continued on another fork:   -0.006 -0.024  0.087
//
// To try next:
//   1. Draw four candidates for the next token, step each on a fork, and keep the state of the one you like best.
//   2. The same with DeltaNet<double> (layers/delta_net.hpp): only the type and its configuration change.
