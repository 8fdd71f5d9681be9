#include "deltanet/layers/swiglu.hpp"

#include "laws/layer_laws.hpp"
#include "support/catch.hpp"

namespace deltanet::test {

TEST_CASE("a SwiGLU keeps the laws of a layer", "[layers]") {
  layer_laws<SwiGLU>({.hidden_size = 4, .intermediate_size = 7}, 4, 5);
}

TEST_CASE("a SwiGLU maps a token as it does alone, bit for bit", "[layers]") {
  const Index width = GENERATE(7, 32), inside = GENERATE(21, 64);
  pieces_are_whole_bit_for_bit<SwiGLU>({.hidden_size = width, .intermediate_size = inside}, width);
}

TEST_CASE("a SwiGLU is down(silu(gate) up)", "[layers]") {
  SwiGLU<double> layer({.hidden_size = 1, .intermediate_size = 2});
  layer.params.gate_proj.weight << 1, -2;
  layer.params.up_proj.weight << 3, 4;
  layer.params.down_proj.weight << 5, 6;
  Tensor<double, 3> x(1, 1, 1), expected(1, 1, 1);
  x.setConstant(2);
  expected.setConstant(5 * (2 / (1 + std::exp(-2.0))) * 6 + 6 * (-4 / (1 + std::exp(4.0))) * 8);
  CHECK(relative_error(layer.forward(x), expected) < rounding<double>(2));
}

TEST_CASE("the width of a SwiGLU is 2/3 of hidden_ratio, in multiples of 256", "[layers]") {
  CHECK(SwiGLUConfig{.hidden_size = 256}.width() == 768);
  CHECK(SwiGLUConfig{.hidden_size = 384, .hidden_ratio = 2}.width() == 512);
  CHECK(SwiGLUConfig{.hidden_size = 384, .intermediate_size = 100}.width() == 100);
  CHECK(count_parameters(SwiGLU<float>({.hidden_size = 256}).params) == 3 * 256 * 768);
}

TEST_CASE("a SwiGLU names what is wrong with its sizes", "[layers]") {
  using Catch::Matchers::ContainsSubstring;
  CHECK_THROWS_WITH(SwiGLU<float>({.hidden_size = 0}), ContainsSubstring("hidden_size=0"));
  CHECK_THROWS_WITH(SwiGLU<float>({.hidden_size = 2, .intermediate_size = 0}), ContainsSubstring("intermediate_size=0"));
}

}  // namespace deltanet::test
