#include "deltanet/memory/decay.hpp"

#include "deltanet/memory/no_decay.hpp"
#include "deltanet/memory/scalar_decay.hpp"
#include "support/catch.hpp"

using namespace deltanet;

TEST_CASE("the decays satisfy their concept in both precisions, and other types do not") {
  STATIC_REQUIRE(Decay<NoDecay, float>);
  STATIC_REQUIRE(Decay<ScalarDecay, double>);
  STATIC_REQUIRE_FALSE(Decay<ScalarDecay, int>);
  struct Forgetful {};
  STATIC_REQUIRE_FALSE(Decay<Forgetful, float>);
}
