#include "deltanet/layers/ttt.hpp"

#include "laws/layer_laws.hpp"
#include "support/catch.hpp"

namespace deltanet::test {

TEST_CASE("TTT-Linear and TTT-MLP keep the laws of a layer", "[layers]") {
  for (const Index depth : {1, 2}) {
    INFO("depth " << depth);
    layer_laws_in_double<TTT>(
        {.hidden_size = 6, .head_dim = 5, .num_heads = 2, .memory_depth = depth, .memory_expansion = 1, .mini_batch = 3}, 6);
  }
}

}  // namespace deltanet::test
