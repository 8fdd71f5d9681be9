#include "deltanet/layers/delta_layer.hpp"

#include "deltanet/layers/delta_net.hpp"
#include "laws/layer_laws.hpp"
#include "support/catch.hpp"

namespace deltanet::test {

namespace {

constexpr DeltaNetConfig small_delta_layer{.hidden_size = 6, .num_heads = 2};

}  // namespace

TEST_CASE("a layer of packed sequences wants a state of each", "[layers]") {
  using Catch::Matchers::ContainsSubstring;
  const DeltaNet<double> layer(small_delta_layer);
  const Sequences sequences{{0, 2, 2, 5}};
  auto states = layer.initial_state(3), one = layer.initial_state(1);
  CHECK_NOTHROW(layer.forward(zeros<double>(1, 5, 6), &states, nullptr, sequences));
  CHECK_THROWS_WITH(layer.forward(zeros<double>(1, 5, 6), &one, nullptr, sequences),
                    ContainsSubstring("recurrent_state: expected [N=3, HV=2, K=3, V=3], got [1, 2, 3, 3]"));
  CHECK_THROWS_WITH(layer.forward(zeros<double>(1, 4, 6), &states, nullptr, sequences),
                    ContainsSubstring("cu_seqlens: expected to run from 0 to T=4, got 0 to 5"));
}

TEST_CASE("one packed token of several empty sequences moves its own state alone, as a step does", "[layers]") {
  DeltaNet<double> layer(small_delta_layer);
  Random random(1);
  layer.initialize(random);
  const Tensor<double, 3> token = random_tokens<double>(1, 1, 6);
  auto states = layer.initial_state(3), alone = layer.initial_state(1);
  const Tensor<double, 3> y = layer.forward(token, &states, nullptr, Sequences{{0, 0, 1, 1}});
  const Tensor<double, 2> expected = layer.step({token.data(), {1, 6}}, alone);
  CHECK(relative_error(y, expected) < layer_rounding(token));
  const Tensor<double, 4> settled = states.settled();
  const MatrixMap<const double> recurrent(settled.data(), 3, 2 * 3 * 3);
  CHECK((recurrent.row(0).isZero(0) && recurrent.row(2).isZero(0)));
  CHECK(relative_error(Matrix<double>(recurrent.row(1)), alone.settled()) < layer_rounding(token));
}

TEST_CASE("a layer gives back what no tokens give: nothing", "[layers]") {
  DeltaNet<double> layer(small_delta_layer);
  Random random(1);
  layer.initialize(random);
  DeltaNet<double>::Cache cache;
  auto gradients = zeros_like(layer.params);
  CHECK(layer.forward(zeros<double>(2, 0, 6), nullptr, &cache).size() == 0);
  CHECK(layer.backward(cache, zeros<double>(2, 0, 6), gradients).size() == 0);
  CHECK(gradients.q_proj.weight.isZero(0));
}

}  // namespace deltanet::test
