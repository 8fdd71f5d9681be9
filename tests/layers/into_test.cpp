#include "deltanet/layers/into.hpp"

#include "deltanet/layers/linear.hpp"
#include "laws/layer_laws.hpp"
#include "support/catch.hpp"

namespace deltanet::test {

TEST_CASE("a layer of another width writes into the caller's memory, and names what does not fit", "[layers]") {
  Linear<float> layer({.in_features = 5, .out_features = 3});
  Random random(1);
  layer.initialize(random);
  into_forms_cost_nothing_beside(layer, random_tokens<float>(2, 7, 5));

  const Tensor<float, 3> x = random_tokens<float>(2, 7, 5);
  Tensor<float, 3> y(2, 7, 5);
  Workspace workspace;
  CHECK_THROWS_WITH(forward_into(layer, View<const float, 3>(x), y, workspace), "y: expected [B=2, T=7, D'=3], got [2, 7, 5]");
}

}  // namespace deltanet::test
