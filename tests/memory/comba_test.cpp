#include "deltanet/memory/comba.hpp"

#include "laws/member_laws.hpp"

using namespace deltanet;

TEMPLATE_TEST_CASE("Comba keeps the laws of a member, predicting from either state", "", CombaDeltaRule,
                   DecayedCombaDeltaRule) {
  test::member_laws<TestType>();
}
