#pragma once

#include <cstddef>

/// What all models of a comparison have in common.
namespace compare {

using Index = std::ptrdiff_t;  // deltanet::Index, without its headers

/// Their sizes.
struct ModelSizes {
  Index vocab_size = 0;                   // of a model of tokens; 0 for one of numbers:
  Index input_size = 0, target_size = 0;  // D and D' of that
  Index hidden_size = 64;
  Index num_layers = 2;
  Index num_heads = 2;
  Index head_dim = 16;            // K = V of recurrent models: their memories have the same size
  Index intermediate_size = 128;  // of the MLPs: fitted, so that all models have as many parameters
  Index window = 16;              // tokens that sliding-window attention sees
};

/// How they are trained: AdamW, warm-up and half a cosine.
struct TrainingSettings {
  double lr = 1e-2;
  double warmup = 0.05;  // share of the steps
  double weight_decay = 0.1;
};

}  // namespace compare
