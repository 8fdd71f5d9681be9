#include "deltanet/layers/layer.hpp"

#include "laws/layer_laws.hpp"
#include "support/catch.hpp"
#include "support/leaky_mixer.hpp"

namespace deltanet::test {

static_assert(!Layer<int>);

TEST_CASE("the smallest layer that mixes tokens keeps the laws", "[layers]") { layer_laws<LeakyMixer>({.hidden_size = 3}, 3); }

}  // namespace deltanet::test
