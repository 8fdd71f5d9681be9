#include "deltanet/io/huggingface_names.hpp"

#include "deltanet/layers/gated_delta_net.hpp"
#include "deltanet/layers/kimi_delta_attention.hpp"
#include "support/catch.hpp"

using namespace deltanet;

namespace {

/// "name [shape]" of every tensor of a layer by the names of a map; that the entries are right is checked in golden/.
template <class Layer>
std::set<std::string> stored(const Layer& layer, const NameMap& names) {
  std::set<std::string> lines;
  for (const auto& [name, shape, entries] : renamed_tensors<typename Layer::Scalar>(layer.params, names))
    lines.insert(name + ' ' + deltanet::detail::shape_text(shape));
  return lines;
}

const GatedDeltaNet<float> gated({.hidden_size = 8, .expand_v = 1.5, .head_dim = 4, .num_heads = 2, .num_v_heads = 4});

}  // namespace

TEST_CASE("a GatedDeltaNet by the names of Qwen3-Next and Qwen3.5") {
  CHECK(stored(gated, qwen3_next_names(2)) == std::set<std::string>{"A_log [4]", "conv1d.weight [40, 1, 4]", "dt_bias [4]",
                                                                    "in_proj_ba.weight [8, 8]", "in_proj_qkvz.weight [64, 8]",
                                                                    "norm.weight [6]", "out_proj.weight [8, 24]"});
  CHECK(stored(gated, qwen3_5_names()) == std::set<std::string>{"A_log [4]", "conv1d.weight [40, 1, 4]", "dt_bias [4]",
                                                                "in_proj_a.weight [4, 8]", "in_proj_b.weight [4, 8]",
                                                                "in_proj_qkv.weight [40, 8]", "in_proj_z.weight [24, 8]",
                                                                "norm.weight [6]", "out_proj.weight [8, 24]"});
}

TEST_CASE("the convolutions of OLMo-Hybrid are cut into three without regard to q, k and v") {
  const auto names = stored(gated, olmo_hybrid_names());
  CHECK(names.contains("q_conv1d.weight [14, 1, 4]"));
  CHECK(names.contains("k_conv1d.weight [14, 1, 4]"));
  CHECK(names.contains("v_conv1d.weight [12, 1, 4]"));
  CHECK(names.contains("g_proj.weight [24, 8]"));
}

TEST_CASE("a KimiDeltaAttention by the names of Kimi-Linear") {
  const KimiDeltaAttention<float> layer({.hidden_size = 8, .head_dim = 4, .num_heads = 2, .gate_bias = false});
  CHECK(stored(layer, kimi_names(2)) ==
        std::set<std::string>{"b_proj.weight [2, 8]", "conv1d.weight [24, 1, 4]", "forget_gate.A_log [1, 1, 2, 1]",
                              "forget_gate.dt_bias [8]", "forget_gate.f_a_proj.weight [4, 8]",
                              "forget_gate.f_b_proj.weight [8, 4]", "g_a_proj.weight [4, 8]", "g_b_proj.weight [8, 4]",
                              "k_proj.weight [8, 8]", "o_norm.weight [4]", "o_proj.weight [8, 8]", "q_proj.weight [8, 8]",
                              "v_proj.weight [8, 8]"});
}
