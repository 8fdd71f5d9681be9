#include "deltanet/layers/attention.hpp"
#include "layer/groups.hpp"
#include "layer/trial.hpp"

namespace deltanet::bench {
namespace {

struct WindowAttentionKind {
  static constexpr std::array<Index, 1> widths{256};
  static constexpr std::array<Index, 3> lengths{512, 2048, 8192};  // four times the tokens should take four times as long
  static constexpr const char* name = "window_attention";
  template <Real T>
  using Layer = Attention<T>;
  static AttentionConfig config(Index D) { return {.hidden_size = D, .num_heads = D / 64, .window_size = 256}; }
  /// 4 K for every token that a token sees, a head.
  static double mixing_flops(const AttentionConfig& config, Index tokens) {
    const Index window = std::min(*config.window_size, tokens);
    const double seen = static_cast<double>(window) * (1 - static_cast<double>(window - 1) / static_cast<double>(2 * tokens));
    return 4 * static_cast<double>(config.query_dim()) * seen;
  }
  /// Scores of a deviation of about 20, so that exponentials go down to and below the smallest float.
  template <Real T>
  static void strengthen(AttentionParams<T>& params, Random&) {
    params.q_proj.weight *= T(8);
    params.k_proj.weight *= T(8);
  }
};

}  // namespace

void add_attention_layers() { add_layer<WindowAttentionKind, float>(); }

}  // namespace deltanet::bench
