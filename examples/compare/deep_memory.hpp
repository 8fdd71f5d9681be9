#pragma once

#include "compare/sizes.hpp"
#include "deltanet/layers/neural_memory.hpp"

namespace compare {

constexpr Index mini_batch = 8;  // tokens that deep memories write at a time: a part of what these models are

/// Titans' memory, alone and within MAC, MAG and MAL.
inline deltanet::NeuralMemoryConfig neural_memory(const ModelSizes& sizes) {
  return {.hidden_size = sizes.hidden_size, .head_dim = sizes.head_dim, .num_heads = sizes.num_heads, .mini_batch = mini_batch};
}

}  // namespace compare
