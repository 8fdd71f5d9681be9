#include "deltanet/layers/short_convolution.hpp"

#include "laws/layer_laws.hpp"
#include "support/catch.hpp"

namespace deltanet::test {

TEST_CASE("a short convolution keeps the laws of a layer", "[layers]") {
  const auto activation = GENERATE(FeatureMap::silu, FeatureMap::identity, FeatureMap::elu);
  const bool bias = GENERATE(false, true);
  layer_laws<ShortConvolution>({.hidden_size = 5, .bias = bias, .activation = activation}, 5);
}

TEST_CASE("a short convolution keeps the laws for every kernel size", "[layers]") {
  const Index kernel_size = GENERATE(1, 2, 3, 9);
  layer_laws<ShortConvolution>({.hidden_size = 3, .kernel_size = kernel_size}, 3, 6);
}

TEST_CASE("a short convolution reads a token as in one pass, bit for bit", "[layers]") {
  const FeatureMap activation = GENERATE(FeatureMap::silu, FeatureMap::relu, FeatureMap::elu, FeatureMap::identity);
  const Index width = GENERATE(21, 32), kernel_size = GENERATE(3, 4);
  pieces_are_whole_bit_for_bit<ShortConvolution>(
      {.hidden_size = width, .kernel_size = kernel_size, .bias = kernel_size == 3, .activation = activation}, width);
}

TEST_CASE("a short convolution weighs the last tokens, the newest by the last weight", "[layers]") {
  ShortConvolution<double> layer({.hidden_size = 1, .kernel_size = 3, .bias = true, .activation = FeatureMap::identity});
  layer.params.weight.setValues({{{1, 10, 100}}});
  (*layer.params.bias)[0] = 0.5;
  Tensor<double, 3> x(1, 4, 1), expected(1, 4, 1);
  x.setValues({{{1}, {2}, {3}, {4}}});
  expected.setValues({{{100.5}, {210.5}, {321.5}, {432.5}}});
  CHECK(relative_error(layer.forward(x), expected) < rounding<double>(3));
}

TEST_CASE("the state of a short convolution is its last W raw inputs, zeros on the left", "[layers]") {
  const ShortConvolution<double> layer({.hidden_size = 1, .kernel_size = 4});
  auto state = layer.initial_state(1);
  Tensor<double, 3> two(1, 2, 1), five(1, 5, 1), expected(1, 1, 4);
  two.setValues({{{1}, {2}}});
  five.setValues({{{3}, {4}, {5}, {6}, {7}}});
  (void)layer.forward(two, &state);
  expected.setValues({{{0, 0, 1, 2}}});
  CHECK(identical(state, expected));
  (void)layer.forward(five, &state);
  expected.setValues({{{4, 5, 6, 7}}});
  CHECK(identical(state, expected));
}

TEST_CASE("gradients through the state of a short convolution are those of one call over all tokens", "[layers]") {
  const ShortConvolution<double>::Config config{.hidden_size = 3, .kernel_size = 4, .bias = true};
  ShortConvolution<double> layer(config);
  Random random(2);
  layer.initialize(random);
  const auto x = random_tokens<double>(2, 8, 3);
  Tensor<double, 3> dy = random_tokens<double>(2, 8, 3, 5), whole = dy;
  auto gradients = layer.params, sum = gradients;
  for (auto* params : {&gradients, &sum}) *params = zeros_like(layer.params);
  short_convolution_backward<double>(layer.params, config.activation, x, {}, whole, gradients);
  for (const Index split : {0, 1, 2, 3, 5, 8}) {
    INFO("split before token " << split);
    const auto first = tokens_of(x, 0, split), second = tokens_of(x, split, 8);
    auto state = layer.initial_state(2);
    shift_convolution_state<double>(first, state);
    auto d = layer.initial_state(2), dbefore = d;
    auto d_second = tokens_of(dy, split, 8), d_first = tokens_of(dy, 0, split);
    shift_convolution_state_backward<double>(d_second, d);  // nothing follows: zeros
    sum = zeros_like(layer.params);
    short_convolution_backward<double>(layer.params, config.activation, second, state, d_second, sum, {}, dbefore);
    short_convolution_backward<double>(layer.params, config.activation, first, {}, d_first, sum);
    rows(d) += rows(dbefore);
    shift_convolution_state_backward<double>(d_first, d);
    CHECK(relative_error(d_first, tokens_of(whole, 0, split)) < rounding<double>(8));
    CHECK(relative_error(d_second, tokens_of(whole, split, 8)) < rounding<double>(8));
    CHECK(relative_error(sum.weight, gradients.weight) < rounding<double>(16));
  }
}

TEST_CASE("a short convolution names what is wrong with its sizes", "[layers]") {
  using Catch::Matchers::ContainsSubstring;
  CHECK_THROWS_WITH(ShortConvolution<float>({.hidden_size = 4, .kernel_size = 0}), ContainsSubstring("kernel_size=0"));
  const ShortConvolution<float> layer({.hidden_size = 4});
  CHECK_THROWS_WITH(layer.forward(zeros<float>(1, 2, 3)), ContainsSubstring("x: expected [B=1, T=2, D=4], got [1, 2, 3]"));
  auto state = layer.initial_state(2);
  CHECK_THROWS_WITH(layer.forward(zeros<float>(1, 2, 4), &state), ContainsSubstring("conv_state: expected [N=1, D=4, W=4]"));
}

}  // namespace deltanet::test
