#include "deltanet/memory/dynamics.hpp"

#include "deltanet/memory/no_decay.hpp"
#include "deltanet/memory/scalar_decay.hpp"
#include "support/catch.hpp"

using namespace deltanet;

TEST_CASE("the dynamics satisfy their concept in both precisions, and other types do not") {
  STATIC_REQUIRE(Dynamics<NoDecay, float>);
  STATIC_REQUIRE(Dynamics<ScalarDecay, double>);
  STATIC_REQUIRE_FALSE(Dynamics<ScalarDecay, int>);
  struct Forgetful {};
  STATIC_REQUIRE_FALSE(Dynamics<Forgetful, float>);
}
