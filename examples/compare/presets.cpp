#include "compare/options.hpp"

namespace compare {

std::vector<Preset> presets() {
  const std::vector<std::string> few{"linear_attention",   "mamba2", "delta_net", "gated_delta_net", "gated_delta_net_neg",
                                     "gated_delta_product"};
  return {{.name = "quick",
           .description = "a few models and tasks, within 5 minutes on two processors",
           .tasks = {{"mqar_small", 32, 32, 700, {32, 64, 128}},
                     {"needle_noise", 64, 32, 300, {64, 256, 1024}},
                     {"parity", 32, 32, 400, {32, 64, 128, 256}, 1},
                     {"s3", 16, 32, 700, {16, 32, 64, 128}, 1}},
           .models = few,
           .sizes = {.hidden_size = 32, .head_dim = 16},
           .parameters = 20000,
           .seeds = 1,
           .test_sequences = 256,
           .seconds = 285}};
}

}  // namespace compare
