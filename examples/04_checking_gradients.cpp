/// Training in chunkwise form (arXiv 2406.06484, 2412.06464) needs its backward: exact derivatives by q, k, v, beta, the gate g
/// and the initial state. Exact is a claim that can be tested: a derivative is the limit of a difference quotient, so move one
/// number a little, run forward again, and compare, in double.
#include <cstdio>

#include "deltanet/memory/delta_rule.hpp"
#include "deltanet/recurrence/chunked.hpp"
#include "deltanet/training/gradient_check.hpp"

using namespace deltanet;

/// What the scan reads, as a list of parameters that check_gradients can walk.
struct Everything {
  Tensor<double, 4> q, k, v, initial_state;
  Tensor<double, 3> beta, g;

  static constexpr auto fields() {
    return std::tuple{Field{"q", &Everything::q}, Field{"k", &Everything::k},
                      Field{"v", &Everything::v}, Field{"beta", &Everything::beta},
                      Field{"g", &Everything::g}, Field{"initial_state", &Everything::initial_state}};
  }
  GatedDeltaRule::Inputs<double> inputs() const { return {.q = q, .k = k, .v = v, .beta = beta, .g = g}; }
  ScanOptions<double> options() const { return {.use_qk_l2norm = true, .initial_state = initial_state, .chunk_size = 4}; }
};

int main() {
  const Index B = 1, T = 11, H = 1, HV = 2, K = 3, V = 4;
  Everything x{{B, T, H, K}, {B, T, H, K}, {B, T, HV, V}, {B, HV, K, V}, {B, T, HV}, {B, T, HV}};
  Tensor<double, 4> weight(B, T, HV, V);  // the loss is <weight, o>
  Random random(1);
  for (auto* tensor : {&x.q, &x.k, &x.v, &x.initial_state, &weight}) random.fill_normal(*tensor);
  random.fill_uniform(x.beta, 0, 2);
  random.fill_uniform(x.g, -3, 0);

  ScanCache<double> cache;
  const auto loss = [&] { return rows(chunked(x.inputs(), x.options(), &cache).o).cwiseProduct(rows(weight)).sum(); };
  loss();
  auto d = chunked_backward(x.inputs(), cache, {.o = weight}, x.options());
  Everything gradients{d.inputs.q, d.inputs.k, d.inputs.v, d.initial_state, d.inputs.beta, d.inputs.g};

  GradientReport report = check_gradients(x, gradients, loss);
  std::printf("%d numbers: %s\n", static_cast<int>(report.checked), report.passes() ? "gradients agree" : "gradients differ");

  gradients.beta(0, 5, 1) *= -1;  // a mistake, as one makes them
  report = check_gradients(x, gradients, loss);
  std::printf("with a mistake: %s, worst is %s(%d, %d, %d)\n", report.passes() ? "gradients agree" : "gradients differ",
              report.tensor.c_str(), static_cast<int>(report.entry[0]), static_cast<int>(report.entry[1]),
              static_cast<int>(report.entry[2]));
}
// Prints:
//   222 numbers: gradients agree
//   with a mistake: gradients differ, worst is beta(0, 5, 1)
//
// To try next:
//   1. check_layer_gradients(GatedDeltaNet<double>(...), x) does the same for every parameter of a layer, by name.
//   2. check_gradients(x, gradients, loss, {.step = 1e-9}): how small may the step be before rounding drowns the difference?
