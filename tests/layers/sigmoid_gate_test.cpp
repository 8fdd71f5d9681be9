#include "deltanet/layers/sigmoid_gate.hpp"

#include "laws/layer_laws.hpp"
#include "support/catch.hpp"

namespace deltanet::test {

namespace {

struct SigmoidGateNumbers {
  LinearParams<double> projection;
  Tensor<double, 3> x;  // [B, T, D]

  static constexpr auto fields() {
    return std::tuple{Field{"", &SigmoidGateNumbers::projection}, Field{"x", &SigmoidGateNumbers::x}};
  }
};

[[nodiscard]] SigmoidGateNumbers drawn_gate() {
  SigmoidGateNumbers at{linear_params<double>({.in_features = 3, .out_features = 4, .bias = false}),
                        random_tokens<double>(2, 3, 3)};
  Random random(1);
  initialize_linear(at.projection, {}, random);
  return at;
}

[[nodiscard]] Tensor<double, 3> gate_of(const SigmoidGateNumbers& at, double most) {
  Tensor<double, 3> gate(2, 3, 4);
  sigmoid_gate<double>(at.projection, most, rows(at.x), rows(gate));
  return gate;
}

}  // namespace

TEST_CASE("a sigmoid gate is most * sigmoid(W x)", "[layers]") {
  const SigmoidGateNumbers at = drawn_gate();
  const Matrix<double> z = rows(at.x) * at.projection.weight.transpose();
  CHECK(relative_error(gate_of(at, 2), Matrix<double>(2 / (1 + (-z.array()).exp()))) < rounding<double>(3));
}

TEST_CASE("the gradients of a sigmoid gate are its finite differences", "[layers]") {
  for (const double most : {1.0, 2.0}) {
    SigmoidGateNumbers at = drawn_gate(), gradients = zeros_like(at);
    const Tensor<double, 3> gate = gate_of(at, most), by_gate = random_tokens<double>(2, 3, 4, 2);
    Tensor<double, 3> d = by_gate;
    sigmoid_gate_backward<double>(at.projection, most, rows(at.x), rows(gate), rows(d), rows(gradients.x),
                                  gradients.projection);
    const GradientReport report =
        check_gradients(at, gradients, [&] { return rows(gate_of(at, most)).cwiseProduct(rows(by_gate)).sum(); });
    INFO("most " << most << ": " << report.text());
    CHECK(report.passes(finite_difference_error));
  }
}

}  // namespace deltanet::test
