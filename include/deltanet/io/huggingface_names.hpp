#pragma once

#include "deltanet/io/name_map.hpp"

/// The names that Hugging Face transformers gives to the layers of layers/, one table an architecture. What a table leaves out
/// has the same name and shape here and there.
namespace deltanet {

namespace detail {

inline const std::vector<std::string> convolutions{"q_conv1d.weight", "k_conv1d.weight", "v_conv1d.weight"};

}  // namespace detail

/// Qwen3NextGatedDeltaNet as a GatedDeltaNet: its projections hold the rows of one key head after the other, the value heads
/// that read it included.
[[nodiscard]] inline NameMap qwen3_next_names(Index num_key_heads) {
  return {{{"in_proj_qkvz.weight"}, {"q_proj.weight", "k_proj.weight", "v_proj.weight", "g_proj.weight"}, num_key_heads},
          {{"in_proj_ba.weight"}, {"b_proj.weight", "a_proj.weight"}, num_key_heads},
          {{"conv1d.weight"}, detail::convolutions},
          {{"norm.weight"}, {"o_norm.weight"}},
          {{"out_proj.weight"}, {"o_proj.weight"}}};
}

/// Qwen3_5GatedDeltaNet as a GatedDeltaNet.
[[nodiscard]] inline NameMap qwen3_5_names() {
  return {{{"in_proj_qkv.weight"}, {"q_proj.weight", "k_proj.weight", "v_proj.weight"}},
          {{"in_proj_z.weight"}, {"g_proj.weight"}},
          {{"in_proj_b.weight"}, {"b_proj.weight"}},
          {{"in_proj_a.weight"}, {"a_proj.weight"}},
          {{"conv1d.weight"}, detail::convolutions},
          {{"norm.weight"}, {"o_norm.weight"}},
          {{"out_proj.weight"}, {"o_proj.weight"}}};
}

/// OlmoHybridGatedDeltaNet as a GatedDeltaNet. Its convolutions are one in memory and three in files, which are cut without
/// regard to what is q, k and v.
[[nodiscard]] inline NameMap olmo_hybrid_names() {
  return {{detail::convolutions, detail::convolutions}, {{"conv1d.weight"}, detail::convolutions}};
}

/// KimiLinearDeltaAttention as a KimiDeltaAttention without gate_bias: as transformers holds it, and as the checkpoints of
/// Kimi-Linear have it.
[[nodiscard]] inline NameMap kimi_names(Index num_heads) {
  const std::vector<Index> heads{1, 1, num_heads, 1};
  return {{{"forget_gate.f_a_proj.weight"}, {"f_proj.0.weight"}},
          {{"forget_gate.f_b_proj.weight"}, {"f_proj.1.weight"}},
          {{"forget_gate.dt_bias"}, {"dt_bias"}},
          {{"forget_gate.A_log"}, {"A_log"}, 1, heads},
          {{"f_a_proj.weight"}, {"f_proj.0.weight"}},
          {{"f_b_proj.weight"}, {"f_proj.1.weight"}},
          {{"A_log"}, {"A_log"}, 1, heads},
          {{"g_a_proj.weight"}, {"g_proj.0.weight"}},
          {{"g_b_proj.weight"}, {"g_proj.1.weight"}},
          {{"conv1d.weight"}, detail::convolutions},
          {detail::convolutions, detail::convolutions}};
}

}  // namespace deltanet
