#include "recurrence/groups.hpp"
#include "support/members.hpp"

namespace deltanet::bench {

void add_key_decay_members() {
  add_member<KimiDeltaRule, float>("kimi_delta_attention");
  add_member<GatedDeltaRule2, float>("gated_delta_net2");
  add_member<GatedLinearAttentionRule, float>("gated_linear_attention");
}

}  // namespace deltanet::bench
