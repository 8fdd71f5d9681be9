/// "We split the sequence into chunks of size b" (arXiv 2501.00663, section 3.2): a deep memory learns by gradients that are
/// all taken at the weights where a mini-batch of b tokens began. For that b the library's dual form is exact; but b itself
/// stands for b = 1, a gradient at the weights just before each token. How far apart are the two, for steps of size theta?
#include <cmath>
#include <cstdio>
#include <optional>
#include <stdexcept>

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

/// What a memory of `depth` layers reads, learning in mini-batches of b; nothing where its weights outgrow all numbers.
std::optional<Tensor<double, 4>> read(const Tokens& tokens, Index depth, Index b) {
  const MemoryNetwork network{.key_dim = tokens.K, .value_dim = tokens.K, .depth = depth, .hidden_dim = 2 * tokens.K};
  auto params = memory_params<double>(network, 1);
  Random random(2);
  initialize_memory(params, network, random);
  try {
    return deep_memory(network, params, tokens.in(), initial_deep_memory_state(params, 1),
                       {.mini_batch = b, .decay_to_initial = true})
        .o;
  } catch (const std::overflow_error&) {
    return {};
  }
}

int main() {
  for (const double correlation : {0.0, 0.9})
    for (const Index depth : {1, 2}) {
      std::printf("keys correlated by %.1f, depth %d\n  theta     b = 4    b = 16    b = 64\n", correlation,
                  static_cast<int>(depth));
      for (const double theta : {1.0 / 256, 1.0 / 64, 1.0 / 16, 0.25}) {
        const Tokens tokens(correlation, theta);
        const auto exact = read(tokens, depth, 1);
        std::printf("  1/%-4.0f%s", 1 / theta, exact ? "" : "  diverges for b = 1");
        for (const Index b : {4, 16, 64}) {
          if (!exact) break;
          const auto o = read(tokens, depth, b);
          const double error = o ? (rows(*o) - rows(*exact)).norm() / rows(*exact).norm() : 10;
          error < 10 ? std::printf("  %8.4f", error) : std::printf("  diverges");
        }
        std::printf("\n");
      }
    }
}
// Prints:
//   keys correlated by 0.0, depth 1
//     theta     b = 4    b = 16    b = 64
//     1/256     0.0001    0.0002    0.0004
//     1/64      0.0011    0.0029    0.0071
//     1/16      0.0140    0.0384    0.0936
//     1/4       0.0904    0.2480    0.6436
//   keys correlated by 0.0, depth 2
//     theta     b = 4    b = 16    b = 64
//     1/256     0.0002    0.0004    0.0010
//     1/64      0.0026    0.0069    0.0158
//     1/16      0.0377    0.0993    0.2056
//     1/4     diverges for b = 1
//   keys correlated by 0.9, depth 1
//     theta     b = 4    b = 16    b = 64
//     1/256     0.0005    0.0016    0.0027
//     1/64      0.0066    0.0225    0.0378
//     1/16      0.0703    0.2488    0.4034
//     1/4       0.5088    7.8209    4.5604
//   keys correlated by 0.9, depth 2
//     theta     b = 4    b = 16    b = 64
//     1/256     0.0008    0.0025    0.0039
//     1/64      0.0114    0.0327    0.0519
//     1/16      0.1516    0.3721    0.5006
//     1/4     diverges  diverges  diverges
//
// To try next:
//   1. theta = 1 / b, the bound of a NeuralMemory without norm: read the diagonal from (1/4, 4) to (1/64, 64). For which keys?
//   2. eta.setConstant(0): how much of the difference is momentum's?
