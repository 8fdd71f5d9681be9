#include "deltanet/layers/key_decay_gate.hpp"

#include <array>

#include "laws/layer_laws.hpp"
#include "support/catch.hpp"

namespace deltanet::test {

namespace {

[[nodiscard]] KeyDecayGateConfig small(KeyDecayGate gate) {
  return {.hidden_size = 3, .rank = 2, .num_heads = 2, .head_k_dim = 4, .gate = gate};
}

struct KeyDecayGateNumbers {
  KeyDecayGateParams<double> params;
  Tensor<double, 3> x;  // [B, T, D]

  static constexpr auto fields() {
    return std::tuple{Field{"", &KeyDecayGateNumbers::params}, Field{"x", &KeyDecayGateNumbers::x}};
  }
};

[[nodiscard]] KeyDecayGateNumbers drawn(const KeyDecayGateConfig& config) {
  KeyDecayGateNumbers at{key_decay_gate_params<double>(config), random_tokens<double>(2, 3, config.hidden_size)};
  Random random(1);
  initialize_key_decay_gate(at.params, config, random);
  return at;
}

[[nodiscard]] KeyDecayGateCache<double> gated(const KeyDecayGateConfig& config, const KeyDecayGateNumbers& at) {
  KeyDecayGateCache<double> cache;
  key_decay_gate<double>(config, at.params, at.x, cache);
  return cache;
}

constexpr std::array all_gates{KeyDecayGate::softplus, KeyDecayGate::bounded, KeyDecayGate::sigmoid};

}  // namespace

TEST_CASE("a key decay gate is what its kind says, channel by channel", "[layers]") {
  for (const KeyDecayGate gate : all_gates) {
    const KeyDecayGateConfig config = small(gate);
    const KeyDecayGateNumbers at = drawn(config);
    const auto cache = gated(config, at);
    const Matrix<double> f = rows(at.x) * (at.params.f_proj.up.weight * at.params.f_proj.down.weight).transpose();
    Matrix<double> g(6, 8);
    for (Index i = 0; i < 6; ++i)
      for (Index c = 0; c < 8; ++c) {
        if (gate == KeyDecayGate::sigmoid) {
          g(i, c) = -std::log1p(std::exp(-f(i, c) - (*at.params.f_proj.up.bias)[c])) / 16;
          continue;
        }
        const double A = std::exp((*at.params.A_log)[c / 4]), z = f(i, c) + (*at.params.dt_bias)[c];
        g(i, c) = gate == KeyDecayGate::softplus ? -A * std::log1p(std::exp(z)) : -5 / (1 + std::exp(-A * z));
      }
    INFO("gate " << static_cast<int>(gate));
    CHECK(relative_error(MatrixMap<const double>(cache.g.data(), 6, 8), g) < rounding<double>(5));
  }
}

TEST_CASE("the gradients of a key decay gate are its finite differences", "[layers]") {
  for (const KeyDecayGate gate : all_gates) {
    const KeyDecayGateConfig config = small(gate);
    KeyDecayGateNumbers at = drawn(config), gradients = zeros_like(at);
    const auto cache = gated(config, at);
    Tensor<double, 4> dg(cache.g.dimensions());
    Random(2).fill_normal(dg);
    key_decay_gate_backward<double>(config, at.params, at.x, cache, dg, rows(gradients.x), gradients.params);
    const GradientReport report =
        check_gradients(at, gradients, [&] { return rows(gated(config, at).g).cwiseProduct(rows(dg)).sum(); });
    INFO("gate " << static_cast<int>(gate) << ": " << report.text());
    CHECK(report.passes(finite_difference_error));
  }
}

TEST_CASE("decays a key channel stay finite, at most zero and within their bound for large inputs", "[layers]") {
  for (const KeyDecayGate gate : all_gates) {
    const KeyDecayGateConfig config = small(gate);
    KeyDecayGateNumbers at = drawn(config);
    at.x = 1e6 * at.x;
    const auto cache = gated(config, at);
    auto gradients = zeros_like(at);
    Tensor<double, 4> dg(cache.g.dimensions());
    dg.setConstant(1);
    key_decay_gate_backward<double>(config, at.params, at.x, cache, dg, rows(gradients.x), gradients.params);
    CHECK(rows(cache.g).allFinite());
    CHECK(rows(cache.g).maxCoeff() <= 0);
    if (gate == KeyDecayGate::bounded) CHECK(rows(cache.g).minCoeff() >= -5);
    CHECK(rows(gradients.x).allFinite());
  }
}

TEST_CASE("a key decay gate has no weight decay beside its projection", "[layers]") {
  const auto without = [](KeyDecayGate gate) {
    std::vector<std::string> names;
    const auto params = key_decay_gate_params<float>(small(gate));
    for_each_tensor(
        [&](const TensorInfo& info, const auto&) {
          if (info.weight_decay == WeightDecay::no) names.push_back(info.name);
        },
        params);
    return names;
  };
  CHECK(without(KeyDecayGate::softplus) == std::vector<std::string>{"A_log", "dt_bias"});
  CHECK(without(KeyDecayGate::sigmoid) == std::vector<std::string>{"f_proj.1.bias"});
}

TEST_CASE("a key decay gate names what is wrong with its Config", "[layers]") {
  using Catch::Matchers::ContainsSubstring;
  auto config = small(KeyDecayGate::bounded);
  config.lower_bound = 0;
  CHECK_THROWS_WITH(key_decay_gate_params<float>(config), ContainsSubstring("lower_bound: expected less than 0, got 0"));
  config = small(KeyDecayGate::sigmoid);
  config.gate_logit_normalizer = 0;
  CHECK_THROWS_WITH(key_decay_gate_params<float>(config),
                    ContainsSubstring("gate_logit_normalizer: expected more than 0, got 0"));
}

}  // namespace deltanet::test
