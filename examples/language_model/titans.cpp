#include "deltanet/blocks/memory_as_context.hpp"
#include "deltanet/blocks/memory_as_gate.hpp"
#include "deltanet/blocks/memory_as_layer.hpp"
#include "language_model/job.hpp"
#include "language_model/jobs.hpp"
#include "language_model/neural_memory.hpp"

namespace example {

/// What Titans' three architectures share: all but how far attention sees.
template <class Config>
static void configure_titans(const Recipe& recipe, Config& config) {
  config.hidden_size = recipe.hidden_size;
  config.num_persistent_tokens = recipe.num_persistent_tokens;
  configure(recipe, config.memory);
  config.attn = {.hidden_size = recipe.hidden_size,
                 .num_heads = recipe.num_heads,
                 .head_dim = recipe.head_dim,
                 .initializer_range = initializer_range};
}

template <class Memory>
static void configure(const Recipe& recipe, deltanet::MemoryAsContextConfig<Memory>& config) {
  configure_titans(recipe, config);
  config.segment_size = recipe.segment_size;
  config.initializer_range = initializer_range;
}

template <class Memory>
static void configure(const Recipe& recipe, deltanet::MemoryAsGateConfig<Memory>& config) {
  configure_titans(recipe, config);
  config.attn.window_size = recipe.window_size;
  config.initializer_range = initializer_range;
}

template <class Memory>
static void configure(const Recipe& recipe, deltanet::MemoryAsLayerConfig<Memory>& config) {
  configure_titans(recipe, config);
  config.attn.window_size = recipe.window_size;
}

std::map<std::string, Job> titans_jobs() {
  using Memory = deltanet::NeuralMemory<float>;
  return {{"mac", train_and_report<deltanet::MemoryAsContext<Memory>>},
          {"mag", train_and_report<deltanet::MemoryAsGate<Memory>>},
          {"mal", train_and_report<deltanet::MemoryAsLayer<Memory>>}};
}

}  // namespace example
