#include "deltanet/layers/delta_net.hpp"
#include "deltanet/layers/gated_delta_net.hpp"
#include "layer/groups.hpp"
#include "layer/trial.hpp"

/// Those of other members differ from these in gates and scan alone.
namespace deltanet::bench {
namespace {

Index head_width(Index D) { return D < 1024 ? 64 : 128; }

struct DeltaRuleKind : CommonSizes {
  template <class Config>
  static double mixing_flops(const Config& config, Index) {
    const DeltaInputsConfig in = config.inputs();
    return 6 * static_cast<double>(in.num_v_heads * in.head_k_dim * in.head_v_dim);
  }
};
struct DeltaNetKind : DeltaRuleKind {
  static constexpr const char* name = "delta_net";
  template <Real T>
  using Layer = DeltaNet<T>;
  static DeltaNetConfig config(Index D) { return {.hidden_size = D, .num_heads = D / head_width(D)}; }
};
struct GatedDeltaNetKind : DeltaRuleKind {
  static constexpr const char* name = "gated_delta_net";
  template <Real T>
  using Layer = GatedDeltaNet<T>;
  static GatedDeltaNetConfig config(Index D) {
    return {.hidden_size = D, .expand_v = 1, .head_dim = head_width(D), .num_heads = D / head_width(D)};
  }
  template <Real T>
  static void strengthen(auto& params, Random& random) {
    shift_gates<T>(params, random);
  }
};

}  // namespace

void add_delta_rule_layers() {
  add_layer<DeltaNetKind, float>();
  add_layer<DeltaNetKind, double>();
  add_layer<GatedDeltaNetKind, float>();
  add_layer<GatedDeltaNetKind, double>();
}

}  // namespace deltanet::bench
