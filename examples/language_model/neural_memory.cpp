#include "language_model/neural_memory.hpp"
#include "deltanet/layers/ttt.hpp"
#include "language_model/job.hpp"
#include "language_model/jobs.hpp"

namespace example {

static void configure(const Recipe& recipe, deltanet::TTTConfig& config) {
  config = {.hidden_size = recipe.hidden_size,
            .head_dim = recipe.head_dim,
            .num_heads = recipe.num_heads,
            .memory_depth = recipe.model == "ttt_mlp" ? 2 : 1,
            .memory_expansion = recipe.memory_expansion,
            .mini_batch = recipe.mini_batch,
            .initializer_range = initializer_range};
}

std::map<std::string, Job> neural_memory_jobs() {
  return {{"lmm", train_and_report<deltanet::NeuralMemory<float>>},
          {"ttt_linear", train_and_report<deltanet::TTT<float>>},
          {"ttt_mlp", train_and_report<deltanet::TTT<float>>}};
}

}  // namespace example
