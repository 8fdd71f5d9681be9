#include "compare/options.hpp"

namespace compare {

std::vector<Preset> presets() {
  const std::vector<std::string> few{"linear_attention",   "mamba2", "delta_net", "gated_delta_net", "gated_delta_net_neg",
                                     "gated_delta_product"};
  return {{.name = "quick",
           .description = "a few models and tasks, within 5 minutes on two processors",
           .tasks = {{"mqar_small", 32, 32, 400, {32, 64, 128}}, {"parity", 32, 32, 400, {32, 64, 128, 256}}},
           .models = few,
           .seeds = 1,
           .test_sequences = 256,
           .seconds = 285}};
}

}  // namespace compare
