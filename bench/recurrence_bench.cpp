#include "recurrence/groups.hpp"
#include "support/program.hpp"

int main(int argc, char** argv) {
  using namespace deltanet::bench;
  add_delta_rule_members();
  add_gated_members();
  add_key_decay_members();
  add_momentum_members();
  add_hebbian_members();
  return run_benchmarks(argc, argv);
}
