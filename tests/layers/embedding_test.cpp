#include "deltanet/layers/embedding.hpp"

#include "support/catch.hpp"
#include "support/tolerance.hpp"

namespace deltanet::test {

namespace {

Tensor<std::int32_t, 2> some_ids() {
  Tensor<std::int32_t, 2> ids(2, 3);
  ids.setValues({{3, 0, 3}, {1, 3, 0}});
  return ids;
}

}  // namespace

TEST_CASE("an embedding looks its tokens up", "[layers]") {
  Embedding<float> layer({.vocab_size = 4, .hidden_size = 100});
  Random random(1);
  layer.initialize(random);
  const Tensor<float, 3> y = layer.forward(some_ids());
  CHECK(y.dimension(0) == 2);
  CHECK(y.dimension(1) == 3);
  for (Index i = 0; i < 6; ++i) CHECK(rows(y).row(i) == layer.params.weight.row(some_ids().data()[i]));
}

TEST_CASE("the gradient of an embedding is added up over the places of a token", "[layers]") {
  const Embedding<double> layer({.vocab_size = 4, .hidden_size = 100});
  Embedding<double>::Cache cache;
  Tensor<double, 3> dy = layer.forward(some_ids(), &cache);
  Random(2).fill_normal(dy);
  auto gradients = zeros_like(layer.params);
  gradients.weight.setOnes();
  layer.backward(cache, dy, gradients);
  const auto d = rows(dy);
  Matrix<double> expected = Matrix<double>::Ones(4, 100);
  expected.row(0) += d.row(1) + d.row(5);
  expected.row(1) += d.row(3);
  expected.row(3) += d.row(0) + d.row(2) + d.row(4);
  CHECK(relative_error(gradients.weight, expected) < rounding<double>(3));
}

TEST_CASE("an embedding kept in 16 bits gives its vectors rounded", "[layers]") {
  Embedding<float> layer({.vocab_size = 4, .hidden_size = 100}), rounded = layer;
  Random random(1);
  layer.initialize(random);
  rounded.params.weight = Weight<float>(layer.params.weight, Precision::float16).widened();
  keep_in(Precision::float16, layer.params);
  CHECK(identical(layer.forward(some_ids()), rounded.forward(some_ids())));
}

TEST_CASE("an embedding names a token that it does not have", "[layers]") {
  using Catch::Matchers::ContainsSubstring;
  const Embedding<float> layer({.vocab_size = 3, .hidden_size = 2});
  CHECK_THROWS_WITH(layer.forward(some_ids()), ContainsSubstring("ids: expected tokens in [0, 3), got 3 at flat index 0"));
  CHECK_THROWS_WITH(Embedding<float>({.vocab_size = 0, .hidden_size = 2}), ContainsSubstring("vocab_size=0"));
}

}  // namespace deltanet::test
