#include "deltanet/memory/inner_activation.hpp"

#include "support/catch.hpp"
#include "support/finite_differences.hpp"
#include "support/tolerance.hpp"

using namespace deltanet;

namespace {

constexpr InnerActivation activations[] = {InnerActivation::identity, InnerActivation::relu, InnerActivation::silu,
                                           InnerActivation::gelu, InnerActivation::gelu_tanh};

template <Real T>
Matrix<T> apply(void (*f)(InnerActivation, ConstMatrixRef<T>, MatrixRef<T>), InnerActivation activation, const Matrix<T>& z) {
  Matrix<T> y(z.rows(), z.cols());
  f(activation, z, y);
  return y;
}

}  // namespace

TEST_CASE("slopes and curvatures of inner activations are the differences of values and slopes") {
  for (const InnerActivation activation : activations) {
    INFO("activation " << static_cast<int>(activation));
    Matrix<double> z = Vector<double>::LinSpaced(41, -6.05, 5.95).transpose();  // not through relu's kink
    const Matrix<double> slope = apply<double>(activation_slope<double>, activation, z);
    const Matrix<double> curvature = apply<double>(activation_curvature<double>, activation, z);
    const auto sum_of_values = [&] { return apply<double>(activate<double>, activation, z).sum(); };
    const auto sum_of_slopes = [&] { return apply<double>(activation_slope<double>, activation, z).sum(); };
    CHECK(test::finite_difference_error_of(z, slope, sum_of_values).worst < test::finite_difference_error);
    CHECK(test::finite_difference_error_of(z, curvature, sum_of_slopes).worst < test::finite_difference_error);
  }
}

TEST_CASE("inner activations have the values of their formulas, and none where numbers are large is not a number") {
  const Matrix<double> z = (Matrix<double>(1, 3) << -2, 0.5, 3).finished();
  const auto check = [&](InnerActivation activation, const auto& formula) {
    const Matrix<double> y = apply<double>(activate<double>, activation, z);
    for (Index i = 0; i < 3; ++i) CHECK(y(0, i) == Catch::Approx(formula(z(0, i))).epsilon(1e-14));
  };
  check(InnerActivation::identity, [](double x) { return x; });
  check(InnerActivation::relu, [](double x) { return std::max(x, 0.0); });
  check(InnerActivation::silu, [](double x) { return x / (1 + std::exp(-x)); });
  check(InnerActivation::gelu, [](double x) { return x / 2 * std::erfc(-x / std::sqrt(2)); });
  check(InnerActivation::gelu_tanh,
        [](double x) { return x / 2 * (1 + std::tanh(std::sqrt(2 / std::acos(-1)) * (x + 0.044715 * x * x * x))); });
  const Matrix<float> large = (Matrix<float>(1, 2) << -1e4f, 1e4f).finished();
  for (const InnerActivation activation : activations) {
    CHECK(apply<float>(activate<float>, activation, large).allFinite());
    CHECK(apply<float>(activation_slope<float>, activation, large).allFinite());
    CHECK(apply<float>(activation_curvature<float>, activation, large).allFinite());
  }
}
