#include "layer/groups.hpp"
#include "support/program.hpp"

int main(int argc, char** argv) {
  using namespace deltanet::bench;
  add_delta_rule_layers();
  add_deep_memory_layers();
  add_attention_layers();
  return run_benchmarks(argc, argv);
}
