#include "recurrence/groups.hpp"
#include "support/members.hpp"

namespace deltanet::bench {

void add_gated_members() {
  add_member<CombaDeltaRule, float>("comba");
  add_member<DecayedCombaDeltaRule, float>("decayed_comba");
  add_member<ChannelGatedDeltaRule, float>("channel_gated_delta_net");
  add_member<KeyGatedDeltaRule, float>("key_gated_delta_net");
}

}  // namespace deltanet::bench
