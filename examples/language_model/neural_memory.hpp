#pragma once

#include "deltanet/layers/neural_memory.hpp"
#include "support/models.hpp"

namespace deltanet {

/// What takes longest to compile, once for all models with such a memory: in neural_memory.cpp.
using TitansInputs = TitansUpdate::Inputs<float>;
extern template DeepMemoryResult<float> deep_memory(const MemoryNetwork&, const MemoryParams<float>&, const TitansInputs&,
                                                    const DeepMemoryState<float>&, const DeepMemoryOptions&,
                                                    DeepMemoryCache<float>*);
extern template DeepMemoryGradients<TitansInputs> deep_memory_backward(const MemoryNetwork&, const MemoryParams<float>&,
                                                                       const TitansInputs&, const DeepMemoryCache<float>&,
                                                                       const DeepMemoryCotangents<float>&,
                                                                       const DeepMemoryOptions&);

}  // namespace deltanet

namespace example {

/// Titans' memory alone, or as a part of its architectures.
inline void configure(const Recipe& recipe, deltanet::NeuralMemoryConfig& config) {
  config = {.hidden_size = recipe.hidden_size,
            .head_dim = recipe.head_dim,
            .num_heads = recipe.num_heads,
            .memory_depth = recipe.memory_depth,
            .memory_expansion = recipe.memory_expansion,
            .mini_batch = recipe.mini_batch,
            .initializer_range = initializer_range};
}

}  // namespace example
