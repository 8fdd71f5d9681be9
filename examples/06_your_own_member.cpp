/// A member of your own: Longhorn (arXiv 2407.14207), implicit steps, stable for unit keys at any beta >= 0. Say so with its
/// gradient, and every scan is there; tests/examples/your_own_member_test.cpp checks it by the library's laws.
#include <cstdio>

#include "deltanet/memory/delta_rule.hpp"
#include "deltanet/recurrence/chunked.hpp"
#include "deltanet/recurrence/sequential.hpp"
#include "deltanet/training/adamw.hpp"
#include "deltanet/training/gradient_check.hpp"

using namespace deltanet;

struct Implicit : Delta {  // predicts with the key and writes at it, as Delta does; its inputs are Delta's
  template <Real T, class In>
  static void values(const In& in, Index t, Index column, Index columns, T* x, T* b) {
    VectorMap<T>(x, columns) = VectorMap<const T>(in.v[t] + column, columns);
    VectorMap<T>(b, columns).setConstant(*in.beta[t] / (1 + *in.beta[t]));
  }
  // forward: x = v, b = beta / (1 + beta)      so: dv = dx,   dbeta = sum(db) / (1 + beta)^2
  template <Real T, class In, class Out>
  static void values_backward(const In& in, Index t, Index column, Index columns, const T* dx, const T* db, const Out& d) {
    VectorMap<T>(d.v[t] + column, columns) += VectorMap<const T>(dx, columns);
    *d.beta[t] += VectorMap<const T>(db, columns).sum() / ((1 + *in.beta[t]) * (1 + *in.beta[t]));
  }
};
using ImplicitDeltaRule = Memory<Implicit, ScalarDecay>;

struct Tokens {
  Tensor<double, 4> k, v;
  Tensor<double, 3> beta, g;
  static constexpr auto fields() {
    return std::tuple{Field{"k", &Tokens::k}, Field{"v", &Tokens::v}, Field{"beta", &Tokens::beta}, Field{"g", &Tokens::g}};
  }
};

int main() {
  const Index symbols = 8, T = 2 * symbols, width = 8;  // each symbol is stored, then asked for
  Tokens x{{1, T, 1, width}, {1, T, 1, width}, {1, T, 1}, {1, T, 1}};
  Random(1).fill_uniform(x.k, 0, 1);  // keys that all point to one side: hard to tell apart
  Random(2).fill_normal(x.v);
  for (Index t = 0; t < T; ++t) x.beta(0, t, 0) = t < symbols ? 4 : 0, x.g(0, t, 0) = -0.01;  // the second half only asks
  for (Index t = symbols; t < T; ++t) x.k.chip(t, 1) = x.k.chip(t - symbols, 1), x.v.chip(t, 1) = x.v.chip(t - symbols, 1);
  const ScanOptions<double> options{.scale = 1.0, .use_qk_l2norm = true, .chunk_size = 4};
  const auto inputs = [&] { return ImplicitDeltaRule::Inputs<double>{x.k, x.k, x.v, x.beta, x.g}; };
  ScanCache<double> cache;
  Tensor<double, 4> error;  // of the second half
  const auto loss = [&] {
    rows(error = chunked(inputs(), options, &cache).o - x.v).topRows(symbols).setZero();
    return 0.5 * rows(error).squaredNorm();
  };
  const auto gradients = [&] {
    const auto d = chunked_backward(inputs(), cache, {.o = error}, options).inputs;
    return Tokens{d.q + d.k, d.v - error, d.beta, d.g};
  };
  const Tensor<double, 4> o = sequential(inputs(), options).o, difference = o - chunked(inputs(), options).o;
  std::printf("chunked is sequential: %s\n", rows(difference).norm() < 1e-12 ? "yes" : "no");
  const double before = loss();
  std::printf("gradients agree: %s\n", check_gradients(x, gradients(), loss).passes() ? "yes" : "no");
  AdamW<Tokens> optimiser(x, {.weight_decay = 0});
  for (int step = 0; step < 300; ++step, loss()) {
    Tokens d = gradients();
    d.v.setZero(), d.beta.setZero(), d.g.setZero();  // the keys learn alone
    optimiser.step(x, d, 0.03);
  }
  return std::printf("loss: %.2f before, %.2f after\n", before, loss()) < 0;
}
// Prints:
//   chunked is sequential: yes
//   gradients agree: yes
//   loss: 29.10 before, 0.65 after
