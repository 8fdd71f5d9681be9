#include "deltanet/layers/delta_net.hpp"
#include "deltanet/layers/gated_delta_net.hpp"
#include "language_model/job.hpp"
#include "language_model/jobs.hpp"
#include "support/expansion.hpp"

namespace example {

static void configure(const Recipe& recipe, deltanet::GatedDeltaNetConfig& config) {
  config = {.hidden_size = recipe.hidden_size,
            .expand_v = recipe.expand_v,
            .head_dim = recipe.head_dim,
            .num_heads = recipe.num_heads,
            .initializer_range = initializer_range};
}

static void configure(const Recipe& recipe, deltanet::DeltaNetConfig& config) {
  const Index key_dim = recipe.num_heads * recipe.head_dim;
  const auto value_dim = static_cast<Index>(static_cast<double>(key_dim) * recipe.expand_v);
  config = {.hidden_size = recipe.hidden_size,
            .num_heads = recipe.num_heads,
            .expand_k = expansion(key_dim, recipe.hidden_size),
            .expand_v = expansion(value_dim, recipe.hidden_size),
            .use_gate = true,
            .initializer_range = initializer_range};
}

std::map<std::string, Job> delta_rule_jobs() {
  return {{"delta_net", train_and_report<deltanet::DeltaNet<float>>},
          {"gated_delta_net", train_and_report<deltanet::GatedDeltaNet<float>>}};
}

}  // namespace example
