#include "deltanet/memory/rule.hpp"

#include "deltanet/memory/delta_rule.hpp"
#include "laws/member_laws.hpp"

using namespace deltanet;

TEMPLATE_TEST_CASE("write strengths a value channel or a key channel keep the laws of a member", "", ChannelGatedDeltaRule,
                   KeyGatedDeltaRule) {
  test::member_laws<TestType>();
}

TEST_CASE("rules satisfy their concept, and other types do not") {
  STATIC_REQUIRE(Rule<Delta>);
  STATIC_REQUIRE_FALSE(Rule<NoDecay>);
}
