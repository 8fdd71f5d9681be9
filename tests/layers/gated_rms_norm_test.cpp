#include "deltanet/layers/gated_rms_norm.hpp"

#include "support/catch.hpp"
#include "support/finite_differences.hpp"
#include "support/tolerance.hpp"

namespace deltanet::test {

namespace {

constexpr double eps = 1e-5;

struct Case {
  RMSNormParams<double> params{Vector<double>(6)};
  Matrix<double> x{5, 6}, z{5, 6};

  Case() {
    Random random(1);
    random.fill_normal(params.weight);
    random.fill_normal(x);
    random.fill_normal(z);
  }
  [[nodiscard]] Matrix<double> y(NormGate gate) const {
    Matrix<double> result(5, 6);
    gated_rms_norm<double>(params, eps, gate, x, z, result);
    return result;
  }
};

}  // namespace

TEST_CASE("a gated RMS norm is the norm times the activated gate", "[layers]") {
  const Case c;
  Matrix<double> normed(5, 6);
  rms_norm<double>(c.params, eps, c.x, normed);
  const Matrix<double> s = (1 + (-c.z.array()).exp()).inverse();
  CHECK(relative_error(c.y(NormGate::sigmoid), Matrix<double>(normed.cwiseProduct(s))) < rounding<double>(6));
  CHECK(relative_error(c.y(NormGate::silu), Matrix<double>(normed.cwiseProduct(s).cwiseProduct(c.z))) < rounding<double>(6));
}

TEST_CASE("the gradients of a gated RMS norm are its finite differences", "[layers]") {
  const auto gate = GENERATE(NormGate::silu, NormGate::sigmoid);
  Case c;
  Matrix<double> dy(5, 6), dx(5, 6), dz(5, 6);
  Random(2).fill_normal(dy);
  auto gradients = zeros_like(c.params);
  gated_rms_norm_backward<double>(c.params, eps, gate, c.x, c.z, dy, {dx, dz}, gradients);
  const auto loss = [&] { return c.y(gate).cwiseProduct(dy).sum(); };
  for (const auto& error : {finite_difference_error_of(c.x, dx, loss), finite_difference_error_of(c.z, dz, loss),
                            finite_difference_error_of(c.params.weight, gradients.weight, loss)}) {
    INFO(error.where);
    CHECK(error.worst < finite_difference_error);
  }
}

}  // namespace deltanet::test
