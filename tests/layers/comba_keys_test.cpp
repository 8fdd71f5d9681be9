#include "deltanet/layers/comba_keys.hpp"

#include "laws/layer_laws.hpp"
#include "support/catch.hpp"

namespace deltanet::test {

namespace {

/// Two heads of width 3, with or without each of the factors.
struct Keys {
  CombaKeysParams<double> params;
  Tensor<double, 3> q, k;

  explicit Keys(bool decay, bool correction) : q(random_tokens<double>(2, 4, 6, 1)), k(random_tokens<double>(2, 4, 6, 2)) {
    if (decay) params.decay = Vector<double>{{1.0, -0.5}};
    if (correction) params.D = Vector<double>{{0.3, 2.0}};
  }
  [[nodiscard]] CombaKeysCache<double> made() const {
    CombaKeysCache<double> cache;
    comba_keys<double>(params, 2, q, k, cache);
    return cache;
  }
  static constexpr auto fields() { return std::tuple{Field{"", &Keys::params}, Field{"q", &Keys::q}, Field{"k", &Keys::k}}; }
};

}  // namespace

TEST_CASE("keys predict weaker by sigmoid(decay), and queries leave out D of them", "[layers]") {
  const Keys keys(true, true);
  const auto made = keys.made();
  for (Index t = 0; t < 8; ++t)
    for (Index i = 0; i < 6; ++i) {
      const Index h = i / 3;
      const double p = rows(keys.k)(t, i) / (1 + std::exp(-(*keys.params.decay)[h]));
      CHECK(rows(made.p)(t, i) == Catch::Approx(p));
      CHECK(rows(made.q)(t, i) == Catch::Approx(rows(keys.q)(t, i) - (*keys.params.D)[h] * p));
    }
}

TEST_CASE("without their factors keys and queries stay as they are", "[layers]") {
  const Keys keys(false, false);
  CHECK(identical(keys.made().p, keys.k));
  CHECK(identical(keys.made().q, keys.q));
}

TEST_CASE("the gradients of Comba's keys are finite differences", "[layers]") {
  Keys at(GENERATE(false, true), GENERATE(false, true));
  Keys gradients = zeros_like(at);
  gradients.q = random_tokens<double>(2, 4, 6, 3);
  gradients.k = random_tokens<double>(2, 4, 6, 4);
  const Tensor<double, 3> by_p = random_tokens<double>(2, 4, 6, 5), by_k = gradients.k;
  Tensor<double, 3> dp = by_p;
  comba_keys_backward<double>(at.params, 2, at.k, at.made(), {gradients.q, dp, gradients.k}, gradients.params);
  const GradientReport report = check_gradients(at, gradients, [&] {
    const auto made = at.made();
    const auto product = [](const auto& a, const auto& b) { return rows(a).cwiseProduct(rows(b)).sum(); };
    return product(made.q, gradients.q) + product(made.p, by_p) + product(at.k, by_k);
  });
  INFO(report.text());
  CHECK(report.passes(finite_difference_error));
}

}  // namespace deltanet::test
