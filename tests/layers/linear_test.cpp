#include "deltanet/layers/linear.hpp"

#include "laws/layer_laws.hpp"
#include "support/catch.hpp"

namespace deltanet::test {

TEST_CASE("a linear layer keeps the laws of a layer", "[layers]") {
  const bool bias = GENERATE(false, true);
  layer_laws<Linear>({.in_features = 5, .out_features = 3, .bias = bias}, 5);
}

TEST_CASE("a linear layer maps a token as it does alone, bit for bit", "[layers]") {
  const Index in = GENERATE(5, 64, 100), out = GENERATE(3, 64);
  pieces_are_whole_bit_for_bit<Linear>({.in_features = in, .out_features = out}, in);
}

TEST_CASE("a linear layer is y = x W^T + b", "[layers]") {
  Linear<double> layer({.in_features = 2, .out_features = 3});
  layer.params.weight << 1, 2, 3, 4, 5, 6;
  *layer.params.bias << 10, 20, 30;
  Tensor<double, 3> x(1, 1, 2), expected(1, 1, 3);
  x.setValues({{{1, -1}}});
  expected.setValues({{{9, 19, 29}}});
  CHECK(identical(layer.forward(x), expected));
}

TEST_CASE("a linear layer begins as PyTorch's or with a normal distribution of the given deviation", "[layers]") {
  Random random(1);
  Linear<double> uniform({.in_features = 64, .out_features = 64});
  uniform.initialize(random);
  CHECK(uniform.params.weight.cwiseAbs().maxCoeff() <= 0.125);
  CHECK(uniform.params.weight.cwiseAbs().maxCoeff() > 0.12);
  CHECK(uniform.params.bias->cwiseAbs().maxCoeff() > 0.1);

  Linear<double> normal({.in_features = 64, .out_features = 64, .initializer_range = 0.02});
  normal.initialize(random);
  CHECK(std::sqrt(normal.params.weight.squaredNorm() / 4096) == Catch::Approx(0.02).epsilon(0.05));
  CHECK(normal.params.bias->isZero(0));
}

TEST_CASE("the bias of a linear layer takes no weight decay", "[layers]") {
  const Linear<float> layer({.in_features = 2, .out_features = 3});
  std::vector<std::string> decayed;
  for_each_tensor(
      [&](const TensorInfo& info, const auto&) {
        if (info.weight_decay == WeightDecay::yes) decayed.push_back(info.name);
      },
      layer.params);
  CHECK(decayed == std::vector<std::string>{"weight"});
}

TEST_CASE("a linear layer whose weight is kept in 16 bits has the same bias and sizes, and no gradient", "[layers]") {
  Linear<double> layer({.in_features = 40, .out_features = 3}), rounded = layer;
  Random random(1);
  layer.initialize(random);
  rounded.params = layer.params;
  rounded.params.weight = Weight<double>(layer.params.weight, Precision::bfloat16).widened();
  keep_in(Precision::full, layer.params);
  CHECK(layer.params.weight.rows() == 3);
  keep_in(Precision::bfloat16, layer.params);
  CHECK(layer.params.weight.size() == 0);
  CHECK(layer.params.kept->bytes() == 2 * 3 * 40);
  CHECK(layer.params.out_features() == 3);
  const Tensor<double, 3> x = random_tokens<double>(2, 3, 40);
  Linear<double>::Cache cache;
  const Tensor<double, 3> y = layer.forward(x, nullptr, &cache);
  CHECK(relative_error(y, rounded.forward(x)) < rounding<double>(40));
  auto gradients = zeros_like(rounded.params);
  CHECK_THROWS_WITH(layer.backward(cache, y, gradients),
                    "weight: expected one in full for a gradient, got one kept in 16 bits");
}

TEST_CASE("a linear layer names what is wrong with its sizes", "[layers]") {
  using Catch::Matchers::ContainsSubstring;
  CHECK_THROWS_WITH(Linear<float>({.in_features = 0, .out_features = 3}), ContainsSubstring("in_features=0"));
  const Linear<float> layer({.in_features = 2, .out_features = 3});
  CHECK_THROWS_WITH(layer.forward(zeros<float>(1, 2, 3)), ContainsSubstring("x: expected [B=1, T=2, In=2], got [1, 2, 3]"));
}

}  // namespace deltanet::test
