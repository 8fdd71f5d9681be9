// Memories that are small networks, trained while they read.

#include "compare/deep_memory.hpp"
#include "compare/model_kind.hpp"
#include "compare/models.hpp"
#include "deltanet/layers/ttt.hpp"

namespace compare {

std::vector<ModelKind> deep_models() {
  using namespace deltanet;
  return {model_kind<TTT<float>>("ttt", "TTT-Linear", "a linear network that takes gradient steps",
                                 [](const ModelSizes& sizes) -> TTTConfig {
                                   return {.hidden_size = sizes.hidden_size,
                                           .head_dim = sizes.head_dim,
                                           .num_heads = sizes.num_heads,
                                           .mini_batch = mini_batch};
                                 }),
          model_kind<NeuralMemory<float>>("lmm", "Titans LMM",
                                          "a network of two layers, gradient steps with momentum and decay", neural_memory)};
}

}  // namespace compare
