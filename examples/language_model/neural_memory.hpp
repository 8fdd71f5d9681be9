#pragma once

#include "deltanet/layers/neural_memory.hpp"
#include "support/models.hpp"

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
