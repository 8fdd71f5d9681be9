// Titans' deep memory beside attention over the last tokens: as context, as a gate, as a layer.

#include "compare/deep_memory.hpp"
#include "compare/model_kind.hpp"
#include "compare/models.hpp"
#include "deltanet/blocks/memory_as_context.hpp"
#include "deltanet/blocks/memory_as_gate.hpp"
#include "deltanet/blocks/memory_as_layer.hpp"

namespace compare {

namespace {

using NeuralMemory = deltanet::NeuralMemory<float>;

/// What the three share: all but how far attention sees.
template <class Config>
Config titans(const ModelSizes& sizes) {
  Config config;
  config.hidden_size = sizes.hidden_size;
  config.memory = neural_memory(sizes);
  config.attn = {.hidden_size = sizes.hidden_size, .num_heads = sizes.num_heads};
  return config;
}

template <class Config>
Config windowed(const ModelSizes& sizes) {
  Config config = titans<Config>(sizes);
  config.attn.window_size = sizes.window;
  return config;
}

}  // namespace

std::vector<ModelKind> titans_models() {
  using Mac = deltanet::MemoryAsContext<NeuralMemory>;
  using Mag = deltanet::MemoryAsGate<NeuralMemory>;
  using Mal = deltanet::MemoryAsLayer<NeuralMemory>;
  return {model_kind<Mac>("mac", "Titans MAC", "the deep memory's answers among the tokens of a segment",
                          [](const ModelSizes& sizes) {
                            auto config = titans<Mac::Config>(sizes);
                            config.segment_size = sizes.window;
                            return config;
                          }),
          model_kind<Mag>("mag", "Titans MAG", "the deep memory gates what the last tokens say", windowed<Mag::Config>),
          model_kind<Mal>("mal", "Titans MAL", "the deep memory is a layer before the last tokens", windowed<Mal::Config>)};
}

}  // namespace compare
