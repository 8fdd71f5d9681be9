#include "deltanet/layers/neural_memory.hpp"
#include "layer/groups.hpp"
#include "layer/trial.hpp"

namespace deltanet::bench {
namespace {

struct NeuralMemoryKind {
  static constexpr std::array<Index, 1> widths{256};
  static constexpr std::array<Index, 2> lengths{512, 2048};
  static constexpr const char* name = "neural_memory";
  template <Real T>
  using Layer = NeuralMemory<T>;
  static NeuralMemoryConfig config(Index D) { return {.hidden_size = D, .num_heads = D / 64, .mini_batch = 64}; }
  /// A network of P weights costs 2 P a token to ask (which its initial weights count for as parameters), 2 P for the gradient
  /// in its weights, 2 P to read, and 2 for every weight above the first layer to carry the error down.
  static double mixing_flops(const NeuralMemoryConfig& config, Index) {
    const MemoryNetwork network = config.network();
    return static_cast<double>(config.num_heads * (6 * network.size() - 2 * network.offset(1)));
  }
  template <Real T>
  static void strengthen(auto& params, Random& random) {
    shift_gates<T>(params, random);
  }
};

}  // namespace

void add_deep_memory_layers() { add_layer<NeuralMemoryKind, float>(); }

}  // namespace deltanet::bench
