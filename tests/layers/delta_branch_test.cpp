#include "deltanet/layers/delta_branch.hpp"

#include "laws/layer_laws.hpp"
#include "support/catch.hpp"

namespace deltanet::test {

namespace {

using deltanet::detail::Branch;

struct DeltaBranchNumbers {
  LinearParams<double> projection;
  std::optional<ShortConvolutionParams<double>> convolution;
  Tensor<double, 3> x;

  static constexpr auto fields() {
    return std::tuple{Field{"projection", &DeltaBranchNumbers::projection},
                      Field{"convolution", &DeltaBranchNumbers::convolution}, Field{"x", &DeltaBranchNumbers::x}};
  }
};

[[nodiscard]] DeltaBranchNumbers drawn(bool convolving) {
  DeltaBranchNumbers at{
      linear_params<double>({.in_features = 4, .out_features = 6, .bias = false}), {}, random_tokens<double>(2, 5, 4)};
  Random random(1);
  initialize_linear(at.projection, {}, random);
  if (convolving) {
    at.convolution = short_convolution_params<double>({.hidden_size = 6, .bias = true});
    initialize_short_convolution(*at.convolution, {}, random);
  }
  return at;
}

}  // namespace

TEST_CASE("a branch projects, convolves and activates in this order", "[layers]") {
  const DeltaBranchNumbers at = drawn(true);
  const auto past = GENERATE(false, true) ? std::optional(random_tokens<double>(2, 6, 4, 7)) : std::nullopt;
  BranchCache<double> cache;
  Branch<double>{at.projection, at.convolution, FeatureMap::elu, 2, false}.forward(at.x, past, cache);

  Tensor<double, 3> projected(2, 5, 6);
  linear<double>(at.projection, rows(at.x), rows(projected));
  ShortConvolution<double> convolution({.hidden_size = 6, .bias = true, .activation = FeatureMap::elu});
  convolution.params = *at.convolution;
  auto state = past.value_or(convolution.initial_state(2));
  CHECK(identical(cache.out, convolution.forward(projected, &state)));
}

TEST_CASE("the gradients of a branch are finite differences", "[layers]") {
  const bool convolving = GENERATE(true, false), sum_norm = GENERATE(true, false);
  DeltaBranchNumbers at = drawn(convolving), gradients = zeros_like(at);
  const auto past = convolving ? std::optional(random_tokens<double>(2, 6, 4, 7)) : std::nullopt;
  const Branch<double> branch{at.projection, at.convolution, sum_norm ? FeatureMap::elu : FeatureMap::silu, 2, sum_norm};
  BranchCache<double> cache;
  branch.forward(at.x, past, cache);
  const Tensor<double, 3> dy = random_tokens<double>(2, 5, 6, 3);
  Tensor<double, 3> d = dy;
  branch.backward(at.x, cache, d, rows(gradients.x), gradients.projection, gradients.convolution);
  const GradientReport report = check_gradients(at, gradients, [&] {
    BranchCache<double> again;
    branch.forward(at.x, past, again);
    return rows(again.out).cwiseProduct(rows(dy)).sum();
  });
  INFO(report.text());
  CHECK(report.passes(finite_difference_error));
}

}  // namespace deltanet::test
