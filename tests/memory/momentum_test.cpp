#include "deltanet/memory/momentum.hpp"

#include "deltanet/memory/delta_rule.hpp"
#include "laws/dynamics_laws.hpp"
#include "laws/member_laws.hpp"

using namespace deltanet;

TEMPLATE_TEST_CASE("momentum keeps the laws of a dynamics, wherever the gradient is taken", "", HeavyBall<>, Nesterov<>,
                   (HeavyBall<NoDecay, PredictedFrom::decayed>), (HeavyBall<ScalarDecay, PredictedFrom::decayed>)) {
  test::dynamics_laws<TestType>();
}

using ChannelMomentumRule = Memory<ChannelDelta, HeavyBall<>>;  // a step size theta a value channel

TEST_CASE("the delta rule with momentum keeps the laws of a member") { test::member_laws<MomentumDeltaRule>(); }
TEMPLATE_TEST_CASE("Nesterov's momentum and one a key channel keep the laws of a member", "[slow]", NesterovDeltaRule,
                   ChannelMomentumRule) {
  test::member_laws<TestType>();
}

TEST_CASE("chunks of memories with momentum are the definition to rounding, for little and much of it") {
  for (const double eta : {0.0, 0.1, 0.5, 0.9, 0.99})
    for (const double g : {std::log1p(-1e-6), -0.1, std::log(1e-6)})
      for (const Index C : {1, 16, 64}) {
        INFO("eta " << eta << ", g " << g << ", C " << C);
        // with beta up to 1 and eta = 0.9 the memory grows to 1e4, and rounding with it: stable_beta is far below
        test::RandomInputs<MomentumDeltaRule, double> exact(
            {.B = 1, .T = 150, .H = 1, .HV = 2, .K = 16, .V = 16, .N = 1, .greatest_beta = 0.1});
        exact.owned.eta.setConstant(eta);
        exact.owned.g.setConstant(g);
        const test::RandomInputs<MomentumDeltaRule, float> inputs(exact);
        const auto expected = sequential(exact.in());
        const auto result = chunked(exact.in(), {.chunk_size = C});
        CHECK(test::relative_error(result.o, expected.o) < 1e-12);
        CHECK(test::relative_error(result.final_state, expected.final_state) < 1e-12);
        const auto rounded = chunked(inputs.in(), {.chunk_size = C});
        CHECK(test::relative_error(rounded.o, expected.o) < 2e-6);
        CHECK(test::relative_error(rounded.final_state, expected.final_state) < 2e-6);
      }
}

TEST_CASE("without momentum, eta = 0, a memory is the one that has none") {
  using Decayed = Memory<Delta, HeavyBall<ScalarDecay, PredictedFrom::decayed>>;
  test::RandomInputs<Decayed, double> inputs({});
  inputs.owned.eta.setZero();
  const auto with = chunked(inputs.in());
  const auto& in = inputs.owned;
  const auto without = chunked(GatedDeltaRule::Inputs<double>{.q = in.q, .k = in.k, .v = in.v, .beta = in.beta, .g = in.g});
  CHECK(test::relative_error(with.o, without.o) < test::rounding<double>(12));
  const Tensor<double, 4> memory = with.final_state.slice(Eigen::array<Index, 4>{}, without.final_state.dimensions());
  CHECK(test::relative_error(memory, without.final_state) < test::rounding<double>(12));
}

TEST_CASE("eta outside of [0, 1] is refused, and so is a state without momentum") {
  test::RandomInputs<MomentumDeltaRule, float> inputs({.B = 1, .T = 2, .H = 1, .HV = 1, .K = 3, .V = 4, .N = 1});
  CHECK_THROWS_WITH(chunked(inputs.in(), {.initial_state = inputs.do_}),
                    "initial_state: expected [N=1, HV=1, 2K=6, V=4], got [1, 2, 1, 4]");
  inputs.owned.eta(0, 1, 0) = 1.5f;
  CHECK_THROWS_WITH(chunked(inputs.in()), "eta: expected a number in [0, 1], got 1.5 at flat index 1");
}

namespace {

/// One memory along random unit keys, its gates drawn anew for every token from the corners and the inside of their ranges.
/// Returns how much larger than at the start it ever was, the memory or where it would coast to.
template <PredictedFrom from>
double growth(Random& random, double eta_max) {
  constexpr Index K = 3;
  const double kappa = 2 * eta_max / (1 - eta_max);  // README, equation 20
  Matrix<double> state(2 * K, 1);
  random.fill_normal(state);
  const MatrixMap<double> map(state.data(), 2 * K, 1);
  const auto size = [&] { return std::max(state.topRows(K).norm(), (state.topRows(K) + kappa * state.bottomRows(K)).norm()); };
  const auto corner = [&](double low, double high) {
    const double u = random.uniform(-1, 2);
    return u < 0 ? low : u > 1 ? high : low + (high - low) * u;
  };
  using D = HeavyBall<ScalarDecay, from>;
  const double start = size();
  double largest = start;
  for (int t = 0; t < 40; ++t) {
    Vector<double> k(K);
    random.fill_normal(k);
    k.normalize();
    const double alpha = corner(0, 1), g = std::log(alpha);
    const double eta = corner(0, eta_max * std::min(1.0, (1 + alpha) / (1 + eta_max)));  // stable_beta >= 0
    const double beta = corner(0, stable_beta(alpha, eta, eta_max));
    struct {
      Rows<const double> g, eta;
    } gates{{&g, 0}, {&eta, 0}};
    const Matrix<double> P = D::template predicting<double>(gates, 0, MatrixMap<const double>(state.data(), 2 * K, 1));
    const Matrix<double> write = -beta * k * (k.transpose() * P);
    D::template carry<double>(gates, 0, map);
    state.topRows(K) += write;
    state.bottomRows(K) += write;
    largest = std::max(largest, size());
  }
  return largest / start;
}

}  // namespace

TEST_CASE("no sequence of gates within stable_beta makes a memory with momentum grow") {
  Random random(1);
  for (int trial = 0; trial < 10000; ++trial) {
    const double eta_max = random.uniform(0.05, 0.95);
    CHECK(growth<PredictedFrom::previous>(random, eta_max) < 1 + 1e-12);
    CHECK(growth<PredictedFrom::decayed>(random, eta_max) < 1 + 1e-12);
    CHECK(growth<PredictedFrom::ahead>(random, eta_max) < 1 + 1e-12);
  }
}

TEST_CASE("beyond it, gates that are each stable alone pump the memory up like a swing") {
  // one key and no decay: write while the memory falls towards zero, coast while it swings away
  const double eta = 0.9, beta = 0.1;
  REQUIRE(beta < (1 + eta) * 2);  // at these gates a memory that always writes is stable
  double always_S = 1, always_Z = 0, S = 1, Z = 0, most = 0;
  for (int t = 0; t < 200; ++t) {
    always_Z = eta * always_Z - beta * always_S;
    always_S += always_Z;
    const bool write = S * Z <= 0 || std::abs(Z) < 0.01 * std::abs(S);  // falling, or at rest
    Z = eta * Z - (write ? beta : 0) * S;
    S += Z;
    most = std::max(most, std::abs(S));
  }
  CHECK(std::abs(always_S) < 1e-3);
  CHECK(most > 100);
}
