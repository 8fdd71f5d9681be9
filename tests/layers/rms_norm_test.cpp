#include "deltanet/layers/rms_norm.hpp"

#include "deltanet/core/zeros.hpp"
#include "laws/layer_laws.hpp"
#include "support/catch.hpp"

namespace deltanet::test {

namespace {

/// As RMSNorm, with weights that are not all one.
template <Real T>
struct Weighted : RMSNorm<T> {
  using RMSNorm<T>::RMSNorm;
  void initialize(Random& random) { random.fill_normal(this->params.weight); }
};

}  // namespace

TEST_CASE("an RMS norm keeps the laws of a layer", "[layers]") {
  const Index hidden_size = GENERATE(1, 6, 33);
  layer_laws<Weighted>({.hidden_size = hidden_size}, hidden_size, 4);
}

TEST_CASE("an RMS norm maps a token as it does alone, bit for bit", "[layers]") {
  const Index width = GENERATE(7, 21, 64);
  pieces_are_whole_bit_for_bit<Weighted>({.hidden_size = width}, width);
}

TEST_CASE("a zero-centered RMS norm keeps the laws of a layer, and begins as any other", "[layers]") {
  layer_laws_in_double<Weighted>({.hidden_size = 6, .zero_centered = true}, 6, 4);
  const Tensor<double, 3> x = random_tokens<double>(1, 3, 6);
  CHECK(identical(RMSNorm<double>({.hidden_size = 6, .zero_centered = true}).forward(x),
                  RMSNorm<double>({.hidden_size = 6}).forward(x)));
}

TEST_CASE("an RMS norm divides by the root of the mean square plus eps", "[layers]") {
  RMSNorm<double> layer({.hidden_size = 2, .eps = 11});
  layer.params.weight << 1, 10;
  Tensor<double, 3> x(1, 1, 2), expected(1, 1, 2);
  x.setValues({{{1, 7}}});
  expected.setValues({{{1 / 6.0, 70 / 6.0}}});
  CHECK(relative_error(layer.forward(x), expected) < rounding<double>(2));
}

TEST_CASE("an RMS norm has a finite gradient at zero", "[layers]") {
  const RMSNorm<float> layer({.hidden_size = 3});
  RMSNorm<float>::Cache cache;
  auto gradients = zeros_like(layer.params);
  const Tensor<float, 3> y = layer.forward(zeros<float>(1, 2, 3), nullptr, &cache);
  const Tensor<float, 3> dx = layer.backward(cache, random_tokens<float>(1, 2, 3), gradients);
  CHECK(rows(y).isZero(0));
  CHECK(rows(dx).allFinite());
}

TEST_CASE("the weight of an RMS norm begins at one and takes no weight decay", "[layers]") {
  RMSNorm<float> layer({.hidden_size = 3});
  Random random(1);
  layer.initialize(random);
  CHECK(layer.params.weight.isOnes(0));
  for_each_tensor([](const TensorInfo& info, const auto&) { CHECK(info.weight_decay == WeightDecay::no); }, layer.params);
}

TEST_CASE("an RMS norm names what is wrong with its options", "[layers]") {
  using Catch::Matchers::ContainsSubstring;
  CHECK_THROWS_WITH(RMSNorm<float>({.hidden_size = 0}), ContainsSubstring("hidden_size: expected at least 1, got 0"));
  CHECK_THROWS_WITH(RMSNorm<float>({.hidden_size = 2, .eps = 0}), ContainsSubstring("eps: expected more than 0"));
}

}  // namespace deltanet::test
