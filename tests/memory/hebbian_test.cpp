#include "deltanet/memory/hebbian.hpp"

#include "laws/member_laws.hpp"

using namespace deltanet;

TEMPLATE_TEST_CASE("Hebb's rule keeps the laws of a member, over every decay", "", LinearAttentionRule, ScalarDecayRule,
                   GatedLinearAttentionRule, MatrixLSTMRule) {
  test::member_laws<TestType>();
}
