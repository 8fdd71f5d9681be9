#include "deltanet/layers/titans_gates.hpp"

#include "laws/layer_laws.hpp"
#include "support/catch.hpp"

namespace deltanet::test {

namespace {

struct TitansGatesNumbers {
  TitansGatesParams<double> gates;
  Tensor<double, 3> x;  // [B, T, D]

  static constexpr auto fields() {
    return std::tuple{Field{"gates", &TitansGatesNumbers::gates}, Field{"x", &TitansGatesNumbers::x}};
  }
};

}  // namespace

TEST_CASE("Titans' gates lie between zero and their bounds, and their gradients are differences", "[layers]") {
  for (const double eta_max : {0.0, 0.7}) {
    const TitansGatesConfig config{.hidden_size = 3, .num_heads = 4, .theta_max = 0.1, .eta_max = eta_max};
    TitansGatesNumbers at{memory_gates_params<double>(config), random_tokens<double>(2, 3, 3)};
    Random random(1);
    initialize_memory_gates(at.gates, config, random);
    TitansGatesCache<double> cache;
    memory_gates<double>(config, at.gates, at.x, {}, {}, cache);
    const auto theta = rows(std::as_const(cache.theta)).array(), eta = rows(std::as_const(cache.eta)).array();
    CHECK((theta > 0 && theta < 0.1).all());
    if (eta_max == 0)
      CHECK((eta == 0).all());
    else
      CHECK((eta > 0 && eta < eta_max).all());

    const Tensor<double, 3> by_theta = random_tokens<double>(2, 3, 4, 2), by_eta = random_tokens<double>(2, 3, 4, 3),
                            by_g = random_tokens<double>(2, 3, 4, 4);
    TitansGatesNumbers gradients = zeros_like(at);
    TitansUpdate::Gradients<double> d{.theta = by_theta, .g = by_g, .eta = by_eta};
    memory_gates_backward<double>(config, at.gates, at.x, cache, d, rows(gradients.x), gradients.gates);
    const GradientReport report = check_gradients(at, gradients, [&] {
      TitansGatesCache<double> again;
      memory_gates<double>(config, at.gates, at.x, {}, {}, again);
      return rows(again.theta).cwiseProduct(rows(by_theta)).sum() + rows(again.eta).cwiseProduct(rows(by_eta)).sum() +
             rows(again.decay.g).cwiseProduct(rows(by_g)).sum();
    });
    INFO(report.text());
    CHECK(report.passes(finite_difference_error));
  }
}

}  // namespace deltanet::test
