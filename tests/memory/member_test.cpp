#include "deltanet/memory/member.hpp"

#include "deltanet/memory/delta_rule.hpp"
#include "support/catch.hpp"

using namespace deltanet;

TEST_CASE("the delta rules satisfy the concept of a member in both precisions, and other types do not") {
  STATIC_REQUIRE(Member<DeltaRule, float>);
  STATIC_REQUIRE(Member<DeltaRule, double>);
  STATIC_REQUIRE(Member<GatedDeltaRule, float>);
  STATIC_REQUIRE(Member<GatedDeltaRule, double>);
  STATIC_REQUIRE_FALSE(Member<NoDecay, float>);
}
