#include "recurrence/groups.hpp"
#include "support/members.hpp"

namespace deltanet::bench {

void add_hebbian_members() {
  add_member<LinearAttentionRule, float>("linear_attention");
  add_member<ScalarDecayRule, float>("scalar_decay_linear_attention");
  add_member<MatrixLSTMRule, float>("matrix_lstm");
}

}  // namespace deltanet::bench
