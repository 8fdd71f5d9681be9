#pragma once

#include "deltanet/io/name_map.hpp"

/// The names that Hugging Face transformers gives to the layers of layers/, one table an architecture.
namespace deltanet {

namespace detail {

inline const std::vector<std::string> convolutions{"q_conv1d.weight", "k_conv1d.weight", "v_conv1d.weight"};

/// A table, and the tensors that have the same name on both sides.
[[nodiscard]] inline NameMap with_kept(NameMap table, const std::vector<std::string>& kept) {
  for (const std::string& name : kept) table.push_back({{name}, {name}});
  return table;
}

}  // namespace detail

/// Qwen3NextGatedDeltaNet as a GatedDeltaNet: its projections hold the rows of one key head after the other, the value heads
/// that read it included.
[[nodiscard]] inline NameMap qwen3_next_names(Index num_key_heads) {
  return detail::with_kept(
      {{{"in_proj_qkvz.weight"}, {"q_proj.weight", "k_proj.weight", "v_proj.weight", "g_proj.weight"}, num_key_heads},
       {{"in_proj_ba.weight"}, {"b_proj.weight", "a_proj.weight"}, num_key_heads},
       {{"conv1d.weight"}, detail::convolutions},
       {{"norm.weight"}, {"o_norm.weight"}},
       {{"out_proj.weight"}, {"o_proj.weight"}}},
      {"A_log", "dt_bias"});
}

/// Qwen3_5GatedDeltaNet as a GatedDeltaNet.
[[nodiscard]] inline NameMap qwen3_5_names() {
  return detail::with_kept({{{"in_proj_qkv.weight"}, {"q_proj.weight", "k_proj.weight", "v_proj.weight"}},
                            {{"in_proj_z.weight"}, {"g_proj.weight"}},
                            {{"in_proj_b.weight"}, {"b_proj.weight"}},
                            {{"in_proj_a.weight"}, {"a_proj.weight"}},
                            {{"conv1d.weight"}, detail::convolutions},
                            {{"norm.weight"}, {"o_norm.weight"}},
                            {{"out_proj.weight"}, {"o_proj.weight"}}},
                           {"A_log", "dt_bias"});
}

/// OlmoHybridGatedDeltaNet as a GatedDeltaNet. Its convolutions are one in memory and three in files, which are cut without
/// regard to what is q, k and v.
[[nodiscard]] inline NameMap olmo_hybrid_names() {
  return detail::with_kept({{detail::convolutions, detail::convolutions}, {{"conv1d.weight"}, detail::convolutions}},
                           {"q_proj.weight", "k_proj.weight", "v_proj.weight", "b_proj.weight", "a_proj.weight", "A_log",
                            "dt_bias", "g_proj.weight", "o_norm.weight", "o_proj.weight"});
}

/// KimiLinearDeltaAttention as a KimiDeltaAttention without gate_bias: as transformers holds it, and as the checkpoints of
/// Kimi-Linear have it.
[[nodiscard]] inline NameMap kimi_names(Index num_heads) {
  const std::vector<Index> heads{1, 1, num_heads, 1};
  return detail::with_kept(
      {{{"forget_gate.f_a_proj.weight"}, {"f_proj.0.weight"}},
       {{"forget_gate.f_b_proj.weight"}, {"f_proj.1.weight"}},
       {{"forget_gate.dt_bias"}, {"dt_bias"}},
       {{"forget_gate.A_log"}, {"A_log"}, 1, heads},
       {{"f_a_proj.weight"}, {"f_proj.0.weight"}},
       {{"f_b_proj.weight"}, {"f_proj.1.weight"}},
       {{"A_log"}, {"A_log"}, 1, heads},
       {{"g_a_proj.weight"}, {"g_proj.0.weight"}},
       {{"g_b_proj.weight"}, {"g_proj.1.weight"}},
       {{"conv1d.weight"}, detail::convolutions},
       {detail::convolutions, detail::convolutions}},
      {"dt_bias", "q_proj.weight", "k_proj.weight", "v_proj.weight", "b_proj.weight", "o_norm.weight", "o_proj.weight"});
}

/// Softmax attention as Attention. With a gate, `q_proj` holds the rows of each head's query, then of its gate.
[[nodiscard]] inline NameMap attention_names(Index num_heads, bool use_gate) {
  NameMap names;
  if (use_gate)
    names = {{{"q_proj.weight"}, {"q_proj.weight", "g_proj.weight"}, num_heads},
             {{"q_proj.bias"}, {"q_proj.bias", "g_proj.bias"}, num_heads}};
  return detail::with_kept(names, {"q_proj.weight", "q_proj.bias", "k_proj.weight", "k_proj.bias", "v_proj.weight",
                                   "v_proj.bias", "o_proj.weight", "o_proj.bias", "q_norm.weight", "k_norm.weight"});
}

}  // namespace deltanet
