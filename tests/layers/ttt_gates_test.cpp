#include "deltanet/layers/ttt_gates.hpp"

#include "laws/layer_laws.hpp"
#include "support/catch.hpp"

namespace deltanet::test {

namespace {

struct TttGatesNumbers {
  TTTGatesParams<double> gates;
  Tensor<double, 3> x;  // [B, T, D]

  static constexpr auto fields() {
    return std::tuple{Field{"gates", &TttGatesNumbers::gates}, Field{"x", &TttGatesNumbers::x}};
  }
};

}  // namespace

TEST_CASE("rates follow the place in the mini-batch, and the gradients of TTT's gates are differences", "[layers]") {
  const TTTGatesConfig config{.hidden_size = 3, .num_heads = 2, .mini_batch = 4, .theta_max = 0.1};
  TttGatesNumbers at{memory_gates_params<double>(config), random_tokens<double>(2, 7, 3)};
  Random random(1);
  initialize_memory_gates(at.gates, config, random);
  const Vector<double> position = (Vector<double>(2) << 0, 3).finished();
  TTTGatesCache<double> cache;
  memory_gates<double>(config, at.gates, at.x, position, {}, cache);
  CHECK(cache.rate(0, 2, 1) == 1.0 / 3);
  CHECK(cache.rate(0, 5, 0) == 1.0 / 2);
  CHECK(cache.rate(1, 0, 0) == 1.0 / 4);
  CHECK(cache.rate(1, 1, 0) == 1);
  at.gates.learnable_token_idx << 0.1, -0.2, 0.3, -1;  // the last makes a rate of zero
  memory_gates<double>(config, at.gates, at.x, position, {}, cache);
  CHECK(cache.rate(0, 3, 0) == 0);

  const Tensor<double, 3> by_theta = random_tokens<double>(2, 7, 2, 2), by_rate = random_tokens<double>(2, 7, 2, 3);
  TttGatesNumbers gradients = zeros_like(at);
  TTTUpdate::Gradients<double> d{.theta = by_theta, .rate = by_rate};
  memory_gates_backward<double>(config, at.gates, at.x, cache, d, rows(gradients.x), gradients.gates);
  const GradientReport report = check_gradients(at, gradients, [&] {
    TTTGatesCache<double> again;
    memory_gates<double>(config, at.gates, at.x, position, {}, again);
    return rows(again.theta).cwiseProduct(rows(by_theta)).sum() + rows(again.rate).cwiseProduct(rows(by_rate)).sum();
  });
  INFO(report.text());
  CHECK(report.passes(finite_difference_error));
}

}  // namespace deltanet::test
