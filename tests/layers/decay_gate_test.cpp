#include "deltanet/layers/decay_gate.hpp"

#include "laws/layer_laws.hpp"
#include "support/catch.hpp"
#include "support/tolerance.hpp"

namespace deltanet::test {

namespace {

template <Real T>
[[nodiscard]] DecayGateParams<T> drawn(DecayGate gate, Index hidden_size, Index heads) {
  auto params = decay_gate_params<T>(gate, hidden_size, heads);
  Random random(1);
  initialize_decay_gate(params, {}, random);
  return params;
}

}  // namespace

TEST_CASE("a softplus decay gate is -exp(A_log) softplus(a + dt_bias)", "[layers]") {
  const auto params = drawn<double>(DecayGate::softplus, 3, 2);
  const Tensor<double, 3> x = random_tokens<double>(2, 4, 3);
  DecayGateCache<double> cache;
  decay_gate<double>(params, x, cache);
  const Matrix<double> a = rows(x) * params.a_proj.weight.transpose();
  for (Index i = 0; i < 8; ++i)
    for (Index h = 0; h < 2; ++h) {
      const double g = -std::exp((*params.A_log)[h]) * std::log1p(std::exp(a(i, h) + (*params.dt_bias)[h]));
      CHECK(rows(cache.g)(i, h) == Catch::Approx(g).epsilon(rounding<double>(4)));
    }
}

TEST_CASE("a sigmoid decay gate has alpha = sigmoid(W x + b)", "[layers]") {
  const auto params = drawn<double>(DecayGate::sigmoid, 3, 2);
  const Tensor<double, 3> x = random_tokens<double>(2, 4, 3);
  DecayGateCache<double> cache;
  decay_gate<double>(params, x, cache);
  const Matrix<double> z = (rows(x) * params.a_proj.weight.transpose()).rowwise() + params.a_proj.bias->transpose();
  const Matrix<double> alpha = rows(cache.g).array().exp();
  CHECK(relative_error(alpha, Matrix<double>((1 + (-z.array()).exp()).inverse())) < rounding<double>(4));
}

TEST_CASE("the gradients of a decay gate are its finite differences", "[layers]") {
  const auto gate = GENERATE(DecayGate::softplus, DecayGate::sigmoid);
  struct Everything {
    DecayGateParams<double> params;
    Tensor<double, 3> x;
    static constexpr auto fields() { return std::tuple{Field{"", &Everything::params}, Field{"x", &Everything::x}}; }
  };
  Everything at{drawn<double>(gate, 3, 2), random_tokens<double>(2, 4, 3)};
  Everything gradients = zeros_like(at);
  DecayGateCache<double> cache;
  decay_gate<double>(at.params, at.x, cache);
  const Tensor<double, 3> dg = random_tokens<double>(2, 4, 2);
  decay_gate_backward<double>(at.params, at.x, cache, dg, rows(gradients.x), gradients.params);
  const GradientReport report = check_gradients(at, gradients, [&] {
    DecayGateCache<double> again;
    decay_gate<double>(at.params, at.x, again);
    return rows(again.g).cwiseProduct(rows(dg)).sum();
  });
  INFO(report.text());
  CHECK(report.passes(finite_difference_error));
}

TEST_CASE("a decay gate begins with finite decays in the sources' ranges, and no weight decay beside its projection",
          "[layers]") {
  const auto params = drawn<float>(DecayGate::softplus, 3, 1000);
  CHECK(params.A_log->minCoeff() >= std::log(0.01f));
  CHECK(params.A_log->maxCoeff() <= std::log(16.0f));
  CHECK(params.A_log->maxCoeff() > std::log(15.0f));
  const Vector<float> dt = params.dt_bias->array().exp().log1p();
  CHECK(dt.minCoeff() >= 0.99e-3f);
  CHECK(dt.maxCoeff() <= 1.01e-1f);
  CHECK(dt.array().log().mean() == Catch::Approx(std::log(1e-2)).epsilon(0.05));
  CHECK_FALSE(params.a_proj.bias.has_value());

  const auto plain = drawn<float>(DecayGate::sigmoid, 3, 1000);
  CHECK(plain.a_proj.bias->minCoeff() >= -1e-6f);
  CHECK(plain.a_proj.bias->maxCoeff() <= 6.91f);
  CHECK_FALSE(plain.A_log.has_value());

  for (const auto& gate : {params, plain})
    for_each_tensor(
        [](const TensorInfo& info, const auto&) {
          INFO(info.name);
          CHECK((info.weight_decay == WeightDecay::yes) == (info.name == "a_proj.weight"));
        },
        gate);
}

TEST_CASE("decays stay finite and at most zero for large inputs", "[layers]") {
  const auto gate = GENERATE(DecayGate::softplus, DecayGate::sigmoid);
  auto params = drawn<float>(gate, 1, 1);
  params.a_proj.weight.setOnes();
  Tensor<float, 3> x(1, 6, 1), dx = zeros<float>(1, 6, 1), dg(1, 6, 1);
  x.setValues({{{-1e6f}, {-100}, {-20}, {20}, {100}, {1e6f}}});
  dg.setConstant(1);
  DecayGateCache<float> cache;
  auto gradients = zeros_like(params);
  decay_gate<float>(params, x, cache);
  decay_gate_backward<float>(params, x, cache, dg, rows(dx), gradients);
  CHECK(rows(cache.g).allFinite());
  CHECK(rows(cache.g).maxCoeff() <= 0);
  CHECK(rows(dx).allFinite());
}

}  // namespace deltanet::test
