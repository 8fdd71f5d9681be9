/// "We split the sequence into chunks of size b" (arXiv 2501.00663, section 3.2): a deep memory learns by gradients that are all taken
/// at the weights where a mini-batch of b tokens began. For that b the library's dual form is exact; but b itself stands for
/// b = 1, a gradient at the weights just before each token. How far apart are the two, for steps of size theta?
#include <cstdio>
#include <stdexcept>
#include <string>

#include "deltanet/core/random.hpp"
#include "deltanet/layers/head_norm.hpp"
#include "deltanet/memory/titans_update.hpp"
#include "deltanet/recurrence/deep_memory.hpp"

using namespace deltanet;

/// Unit keys, of which each is `correlation` times the last and for the rest new; values; steps, decays and momentum of a size.
struct Tokens {
  static constexpr Index T = 256, K = 32;
  Tensor<double, 4> q{1, T, 1, K}, k{1, T, 1, K}, v{1, T, 1, K};
  Tensor<double, 3> theta{1, T, 1}, g{1, T, 1}, eta{1, T, 1};

  Tokens(double correlation, double step) {
    Random random(1);
    for (auto* vectors : {&q, &k, &v}) random.fill_normal(*vectors);
    for (Index t = 1; t < T; ++t)
      rows(k).row(t) = correlation * rows(k).row(t - 1) + std::sqrt(1 - correlation * correlation) * rows(k).row(t);
    for (auto* vectors : {&q, &k}) l2_norm<double>(rows(Tensor<double, 4>(*vectors)), rows(*vectors));
    theta.setConstant(step);
    g.setConstant(std::log(0.99));
    eta.setConstant(0.5);
  }
  [[nodiscard]] TitansUpdate::Inputs<double> in() const { return {.q = q, .k = k, .v = v, .theta = theta, .g = g, .eta = eta}; }
};

/// What a memory of `depth` layers reads, learning in mini-batches of b.
Tensor<double, 4> read(const Tokens& tokens, Index depth, Index b) {
  const MemoryNetwork network{.key_dim = tokens.K, .value_dim = tokens.K, .depth = depth, .hidden_dim = 2 * tokens.K};
  auto params = memory_params<double>(network, 1);
  Random random(2);
  initialize_memory(params, network, random);
  return deep_memory(network, params, tokens.in(), initial_deep_memory_state(params, 1),
                     {.mini_batch = b, .decay_to_initial = true})
      .o;
}

/// The distance from mini-batches of one token, relative to their size.
std::string distance(const Tokens& tokens, Index depth, Index b) {
  try {
    const auto exact = read(tokens, depth, 1), o = read(tokens, depth, b);
    const double error = (rows(o) - rows(exact)).norm() / rows(exact).norm();
    char text[16];
    std::snprintf(text, sizeof(text), error < 10 ? "%.3f" : "> 10", error);
    return text;
  } catch (const std::overflow_error&) {
    return "overflow";
  }
}

int main() {
  for (const double correlation : {0.0, 0.9})
    for (const Index depth : {1, 2}) {
      std::printf("keys correlated by %.1f, depth %d\n  theta      b = 4     b = 16     b = 64\n", correlation,
                  static_cast<int>(depth));
      for (const double theta : {1.0 / 256, 1.0 / 64, 1.0 / 16, 0.25}) {
        const Tokens tokens(correlation, theta);
        std::printf("  1/%-4.0f", 1 / theta);
        for (const Index b : {4, 16, 64}) std::printf(" %10s", distance(tokens, depth, b).c_str());
        std::printf("\n");
      }
    }
}
// Prints:
