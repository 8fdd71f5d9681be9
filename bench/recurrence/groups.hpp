#pragma once

/// Every member of the library, in groups that are compiled side by side. A new member is one line in one of them.
namespace deltanet::bench {

void add_delta_rule_members();  // without a gate, and gated by a scalar
void add_gated_members();       // with further gates
void add_key_decay_members();   // a decay a key channel
void add_momentum_members();
void add_hebbian_members();  // nothing is predicted

}  // namespace deltanet::bench
