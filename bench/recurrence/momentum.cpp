#include "recurrence/groups.hpp"
#include "support/members.hpp"

namespace deltanet::bench {

void add_momentum_members() {
  add_member<MomentumDeltaRule, float>("momentum_delta_net");
  add_member<NesterovDeltaRule, float>("nesterov_delta_net");
}

}  // namespace deltanet::bench
