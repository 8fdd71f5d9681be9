#include "deltanet/layers/momentum_gate.hpp"

#include "deltanet/layers/gated_delta_net.hpp"
#include "laws/layer_laws.hpp"
#include "support/catch.hpp"
#include "support/tolerance.hpp"

namespace deltanet::test {

namespace {

template <Real T>
using HeavyBallNet = GatedDeltaNet<T, HeavyBallMomentum>;
template <Real T>
using NesterovNet = GatedDeltaNet<T, NesterovMomentum>;

/// A gate of two heads over tokens of width 3, with what it reads.
struct Gate {
  MomentumGateConfig config{.hidden_size = 3, .num_v_heads = 2};
  MomentumGateParams<double> params;
  Tensor<double, 3> x, g, strength;

  explicit Gate(bool stable) : x(random_tokens<double>(2, 4, 3)), g(2, 4, 2), strength(2, 4, 2) {
    config.stable_gates = stable;
    params = momentum_gate_params<double>(config);
    Random random(1);
    initialize_momentum_gate(params, config, random);
    random.fill_uniform(g, -2, 0);
    random.fill_uniform(strength, 0, 1);
  }
  [[nodiscard]] MomentumGateCache<double> made() const {
    MomentumGateCache<double> cache;
    momentum_gate<double>(config, params, x, g, strength, cache);
    return cache;
  }
  static constexpr auto fields() {
    return std::tuple{Field{"", &Gate::params}, Field{"x", &Gate::x}, Field{"g", &Gate::g}, Field{"strength", &Gate::strength}};
  }
};

/// Gates that jump between the ends of their ranges and what lies between, for memories of two keys and one value.
struct WildGates {
  static constexpr Index sequences = 10000, length = 20, K = 2;
  MomentumGateConfig config{.hidden_size = 1, .num_v_heads = 1};
  Tensor<double, 3> g{sequences, length, 1}, keys{sequences, length, K};
  MomentumGateCache<double> made;

  explicit WildGates(double eta_max) {
    config.eta_max = eta_max;
    auto params = momentum_gate_params<double>(config);
    params.eta_proj->weight.setOnes();
    Random random(7);
    const auto draw = [&](double low, double high) {
      const double choice = random.uniform();
      return choice < 0.3 ? low : choice < 0.6 ? high : random.uniform(low, high);
    };
    Tensor<double, 3> x(sequences, length, 1), strength(sequences, length, 1);
    for (Index i = 0; i < g.size(); ++i) {
      g.data()[i] = std::log(random.uniform() < 0.2 ? eta_max : draw(1e-9, 1));
      x.data()[i] = draw(-50, 50) / (random.uniform() < 0.5 ? 1 : 20);
      strength.data()[i] = draw(0, 1);
    }
    random.fill_normal(keys);
    rows(keys).rowwise().normalize();
    momentum_gate<double>(config, params, x, g, strength, made);
  }

  /// The most that a token multiplies max(|S|, |S + m Z|) by, over all sequences, where nothing is written.
  template <class Member>
  [[nodiscard]] double largest_growth() const {
    const double m = 2 * config.eta_max / (1 - config.eta_max);
    std::vector<double> nothing(static_cast<std::size_t>(length));
    Random random(8);
    double largest = 0;
    for (Index b = 0; b < sequences; ++b) {
      const Index at = b * length;
      typename Member::template HeadInputs<double> in;
      in.q = in.k = {keys.data() + at * K, K};
      in.v = {nothing.data(), 1};
      in.beta = {made.beta.data() + at, 1};
      in.g = {g.data() + at, 1};
      in.eta = {made.eta.data() + at, 1};
      Matrix<double> state(2 * K, 1);
      random.fill_normal(state);
      Vector<double> o(1);
      const auto norm = [&] { return std::max(state.topRows(K).norm(), (state.topRows(K) + m * state.bottomRows(K)).norm()); };
      for (Index t = 0; t < length; ++t) {
        const double before = norm();
        Member::template step<double>(in, t, 1.0, MatrixMap<double>(state.data(), 2 * K, 1), VectorMap<double>(o.data(), 1));
        if (before > 1e-100) largest = std::max(largest, norm() / before);
      }
    }
    return largest;
  }
};

}  // namespace

TEST_CASE("a momentum gate is eta_max sigmoid(W x + b), and leaves the strengths as they are", "[layers]") {
  const Gate gate(false);
  const auto made = gate.made();
  const Matrix<double> z =
      (rows(gate.x) * gate.params.eta_proj->weight.transpose()).rowwise() + gate.params.eta_proj->bias->transpose();
  CHECK(relative_error(made.eta, Matrix<double>(0.5 * (1 + (-z.array()).exp()).inverse())) < rounding<double>(4));
  CHECK(identical(made.beta, gate.strength));
}

TEST_CASE("a stable momentum gate scales eta by alpha and beta by stable_beta", "[layers]") {
  const auto plain = Gate(false).made();
  const Gate gate(true);
  const auto made = gate.made();
  for (Index i = 0; i < made.eta.size(); ++i) {
    const double alpha = std::exp(gate.g.data()[i]), eta = alpha * plain.eta.data()[i];
    CHECK(made.eta.data()[i] == Catch::Approx(eta));
    CHECK(made.beta.data()[i] == Catch::Approx(gate.strength.data()[i] * (1 + alpha - 3 * eta) / 3));
  }
}

TEST_CASE("the gradients of a momentum gate are its finite differences", "[layers]") {
  Gate at(GENERATE(false, true));
  const auto cache = at.made();
  Gate gradients = zeros_like(at);
  const Tensor<double, 3> by_eta = random_tokens<double>(2, 4, 2, 2), by_beta = random_tokens<double>(2, 4, 2, 3);
  Tensor<double, 3> deta = by_eta;
  gradients.strength = by_beta;
  momentum_gate_backward<double>(at.config, at.params, at.x, at.g, at.strength, cache, {deta, gradients.strength, gradients.g},
                                 rows(gradients.x), gradients.params);
  const GradientReport report = check_gradients(at, gradients, [&] {
    const auto again = at.made();
    return rows(again.eta).cwiseProduct(rows(by_eta)).sum() + rows(again.beta).cwiseProduct(rows(by_beta)).sum();
  });
  INFO(report.text());
  CHECK(report.passes(finite_difference_error));
}

TEST_CASE("no token of 10000 sequences of stable gates pumps a memory with momentum", "[layers]") {
  const WildGates gates(GENERATE(0.1, 0.5, 0.9));
  CHECK(rows(gates.made.beta).minCoeff() >= 0);
  CHECK(rows(gates.made.eta).minCoeff() >= 0);
  CHECK(rows(gates.made.eta).maxCoeff() <= gates.config.eta_max);
  const double bound = 1 + rounding<double>(WildGates::K);
  CHECK(gates.largest_growth<MomentumDeltaRule>() <= bound);
  CHECK(gates.largest_growth<NesterovDeltaRule>() <= bound);
}

TEST_CASE("heads begin with a tenth to half of the largest momentum, and biases take no weight decay", "[layers]") {
  const MomentumGateConfig config{.hidden_size = 3, .num_v_heads = 1000};
  auto params = momentum_gate_params<double>(config);
  Random random(1);
  initialize_momentum_gate(params, config, random);
  const Vector<double> share = sigmoid(params.eta_proj->bias->array());
  CHECK(share.minCoeff() == Catch::Approx(0.1).epsilon(0.01));
  CHECK(share.maxCoeff() == Catch::Approx(0.5).epsilon(0.01));
  for_each_tensor(
      [](const TensorInfo& info, const auto&) {
        INFO(info.name);
        CHECK((info.weight_decay == WeightDecay::yes) == (info.name == "eta_proj.weight"));
      },
      params);
}

TEST_CASE("a momentum gate names the range of eta_max", "[layers]") {
  using Catch::Matchers::ContainsSubstring;
  MomentumGateConfig config{.hidden_size = 3, .num_v_heads = 2, .eta_max = 1};
  CHECK_THROWS_WITH(momentum_gate_params<double>(config),
                    ContainsSubstring("eta_max: expected a number in (0, 1) for stable gates, got 1"));
  config.stable_gates = false;
  CHECK_NOTHROW(momentum_gate_params<double>(config));
  config.eta_max = 0;
  CHECK_THROWS_WITH(momentum_gate_params<double>(config), ContainsSubstring("eta_max: expected a number in (0, 1], got 0"));
}

TEST_CASE("a GatedDeltaNet with Titans' momentum keeps the laws of a layer", "[layers]") {
  delta_layer_laws_in_double<HeavyBallNet>({.hidden_size = 6, .head_dim = 3, .num_heads = 1, .num_v_heads = 2}, 6);
}

TEST_CASE("a GatedDeltaNet with Nesterov's momentum and free gates keeps the laws of a layer", "[layers]") {
  delta_layer_laws_in_double<NesterovNet>(
      {.hidden_size = 6, .head_dim = 3, .num_heads = 2, .eta_max = 0.8, .stable_gates = false}, 6);
}

TEST_CASE("a GatedDeltaNet whose momentum is none is one without momentum", "[layers]") {
  const GatedDeltaNetConfig config{.hidden_size = 6, .head_dim = 3, .num_heads = 2, .stable_gates = false};
  NesterovNet<double> layer(config);
  Random random(3);
  layer.initialize(random);
  layer.params.eta_proj->weight.setZero();
  layer.params.eta_proj->bias->setConstant(-1000);
  GatedDeltaNet<double> plain(config);
  plain.params = layer.params;
  plain.params.eta_proj.reset();
  const Tensor<double, 3> x = random_tokens<double>(2, 37, 6);
  CHECK(relative_error(layer.forward(x), plain.forward(x)) < layer_rounding(x));
}

TEST_CASE("a GatedDeltaNet with momentum has its gate's parameters and a state of twice the rows", "[layers]") {
  using Catch::Matchers::ContainsSubstring;
  const HeavyBallNet<double> layer({.hidden_size = 6, .expand_v = 1, .head_dim = 3, .num_heads = 2});
  std::vector<std::string> names;
  for_each_tensor([&](const TensorInfo& info, const auto&) { names.push_back(info.name); }, layer.params);
  CHECK(names == std::vector<std::string>{"q_proj.weight", "k_proj.weight", "v_proj.weight", "b_proj.weight", "q_conv1d.weight",
                                          "k_conv1d.weight", "v_conv1d.weight", "a_proj.weight", "A_log", "dt_bias",
                                          "eta_proj.weight", "eta_proj.bias", "g_proj.weight", "o_norm.weight",
                                          "o_proj.weight"});
  auto state = layer.initial_state(5);
  CHECK(state.recurrent_state.dimensions() == Eigen::array<Index, 4>{5, 2, 6, 3});
  state.recurrent_state.resize(5, 2, 3, 3);
  CHECK_THROWS_WITH(layer.forward(random_tokens<double>(5, 1, 6), &state),
                    ContainsSubstring("recurrent_state: expected [N=5, HV=2, 2K=6, V=3], got [5, 2, 3, 3]"));
}

TEST_CASE("negative eigenvalues are refused with stable gates, and are no matter without momentum", "[layers]") {
  using Catch::Matchers::ContainsSubstring;
  GatedDeltaNetConfig config{.hidden_size = 6, .head_dim = 3, .num_heads = 2, .allow_neg_eigval = true};
  CHECK_THROWS_WITH(HeavyBallNet<double>(config), ContainsSubstring("allow_neg_eigval: expected false with stable_gates"));
  CHECK_NOTHROW(GatedDeltaNet<double>(config));
  config.stable_gates = false;
  CHECK_NOTHROW(HeavyBallNet<double>(config));
}

}  // namespace deltanet::test
