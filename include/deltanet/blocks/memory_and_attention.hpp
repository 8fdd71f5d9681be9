#pragma once

#include "deltanet/layers/attention.hpp"
#include "deltanet/layers/layer.hpp"

/// What Titans' architectures share: a memory and softmax attention of one width.
namespace deltanet {

/// What a memory and attention, one beside or after the other, carry from call to call.
template <Layer Memory>
struct MemoryAndAttentionState {
  typename Memory::State memory;
  AttentionState<typename Memory::Scalar> attn;

  static constexpr auto fields() {
    using S = MemoryAndAttentionState;
    return std::tuple{Field{"memory", &S::memory}, Field{"attn", &S::attn}};
  }
};

namespace detail {

/// Throws unless the memory and the attention of a Config are of its width.
template <class Config>
void expect_memory_and_attention_widths(const Config& config) {
  expect(config.memory.hidden_size == config.hidden_size, "memory.hidden_size: expected hidden_size=", config.hidden_size,
         ", got ", config.memory.hidden_size);
  expect(config.attn.hidden_size == config.hidden_size, "attn.hidden_size: expected hidden_size=", config.hidden_size, ", got ",
         config.attn.hidden_size);
}

}  // namespace detail

}  // namespace deltanet
