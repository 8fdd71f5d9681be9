#include "deltanet/memory/memory_head.hpp"

#include "support/catch.hpp"
#include "support/finite_differences.hpp"
#include "support/tolerance.hpp"

using namespace deltanet;

namespace {

constexpr Index n = 3, width = 5;

/// The kinds of heads: with a norm and without, each residual.
std::vector<MemoryNetwork> heads() {
  std::vector<MemoryNetwork> list;
  for (const bool norm : {false, true})
    for (const InnerResidual residual : {InnerResidual::none, InnerResidual::input, InnerResidual::output})
      if (norm || residual != InnerResidual::output)
        list.push_back({.key_dim = width, .value_dim = width, .depth = 1, .norm = norm, .residual = residual});
  return list;
}

struct Example {
  MemoryParams<double> params;
  Matrix<double> Z, keys, values, d;

  explicit Example(const MemoryNetwork& network) : params(memory_params<double>(network, 1)) {
    Random random(1);
    for (auto* matrix : {&Z, &keys, &values, &d}) {
      matrix->resize(n, width);
      random.fill_normal(*matrix);
    }
    if (!network.norm) return;
    random.fill_normal(*params.norm_weight);
    random.fill_normal(*params.norm_bias);
  }
};

void check(Matrix<double>& x, const Matrix<double>& gradient, const auto& loss) {
  const auto error = test::finite_difference_error_of(x, gradient, loss);
  INFO(error.where);
  CHECK(error.worst < test::finite_difference_error);
}

}  // namespace

TEST_CASE("what a memory's head descends is the gradient of half the squared error of what it makes") {
  for (const MemoryNetwork& network : heads()) {
    Example x(network);
    MemoryHead<double> head(network, x.params, 0);
    Matrix<double> D(n, width);
    head.error_gradient(x.Z, x.keys, x.values, D);
    check(x.Z, D, [&] {
      Matrix<double> made(n, width);
      head.read(x.Z, x.keys, made);
      if (network.residual == InnerResidual::output) made += x.keys - x.Z;  // is trained as `input` is
      return (made - x.values).squaredNorm() / 2;
    });
  }
}

TEST_CASE("the gradients of reading and of the error's gradient are differences") {
  for (const MemoryNetwork& network : heads()) {
    Example x(network);
    for (const bool reading : {true, false}) {
      INFO("norm " << network.norm << ", residual " << static_cast<int>(network.residual) << ", reading " << reading);
      const auto loss = [&] {
        MemoryHead<double> head(network, x.params, 0);
        Matrix<double> out(n, width);
        if (reading)
          head.read(x.Z, x.keys, out);
        else
          head.error_gradient(x.Z, x.keys, x.values, out);
        return out.cwiseProduct(x.d).sum();
      };
      Matrix<double> dZ(n, width), dkeys = Matrix<double>::Zero(n, width), dvalues = dkeys;
      detail::NormGradientsByHead<double> dnorm(network, 1);
      MemoryHead<double> head(network, x.params, 0);
      if (reading)
        head.read_backward(x.Z, x.d, dZ, dkeys, dnorm[0]);
      else
        head.error_gradient_backward(x.Z, x.keys, x.values, x.d, dZ, dkeys, dvalues, dnorm[0]);
      check(x.Z, dZ, loss);
      check(x.keys, dkeys, loss);
      check(x.values, dvalues, loss);
      if (!network.norm) continue;
      MemoryParams<double> gradients = zeros_like(x.params);
      dnorm.add_to(gradients);
      check(*x.params.norm_weight, *gradients.norm_weight, loss);
      check(*x.params.norm_bias, *gradients.norm_bias, loss);
    }
  }
}
