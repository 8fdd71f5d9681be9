/// Variable-length training: texts differ in length. Padding them to a rectangle wastes work; packing them into one row of
/// tokens does not, if no state leaks across the seams. cu_seqlens says where each sequence begins and ends, and every one of
/// them, empty ones too, has a state of its own: the results are those of running each alone.
#include <cstdio>
#include <vector>

#include "deltanet/core/random.hpp"
#include "deltanet/memory/delta_rule.hpp"
#include "deltanet/recurrence/chunked.hpp"

using namespace deltanet;

int main() {
  const Index H = 2, K = 8, V = 8;
  const std::vector<Index> ends{0, 5, 5, 45, 62};  // sequences of 5, 0, 40 and 17 tokens
  const Index T = ends.back();
  Tensor<double, 4> k(1, T, H, K), v(1, T, H, V);
  Tensor<double, 3> beta(1, T, H), g(1, T, H);
  Random random(1);
  random.fill_normal(k), random.fill_normal(v);
  random.fill_uniform(beta, 0, 1), random.fill_uniform(g, -0.5, 0);

  const auto packed = chunked(GatedDeltaRule::Inputs<double>{.q = k, .k = k, .v = v, .beta = beta, .g = g},
                              {.use_qk_l2norm = true, .cu_seqlens = ends});
  std::printf("%d tokens in one row, %d states\n", static_cast<int>(T), static_cast<int>(packed.final_state.dimension(0)));

  for (std::size_t n = 0; n + 1 < ends.size(); ++n) {
    // The tokens of sequence n, as views of the same memory.
    const Index begin = ends[n], tokens = ends[n + 1] - begin;
    const View<const double, 4> keys(k.data() + begin * H * K, {1, tokens, H, K});
    const View<const double, 4> values(v.data() + begin * H * V, {1, tokens, H, V});
    const View<const double, 3> strengths(beta.data() + begin * H, {1, tokens, H}), gates(g.data() + begin * H, {1, tokens, H});
    const auto alone = chunked(GatedDeltaRule::Inputs<double>{.q = keys, .k = keys, .v = values, .beta = strengths, .g = gates},
                               {.use_qk_l2norm = true});
    const double outputs = (rows(packed.o).middleRows(begin * H, tokens * H) - rows(alone.o)).norm();
    const double states =
        (rows(packed.final_state).middleRows(static_cast<Index>(n) * H * K, H * K) - rows(alone.final_state)).norm();
    std::printf("%2d tokens: outputs %s, state %s\n", static_cast<int>(tokens), outputs < 1e-12 ? "equal" : "differ",
                states < 1e-12 ? "equal" : "differ");
  }
}
// Prints:
//   62 tokens in one row, 4 states
//    5 tokens: outputs equal, state equal
//    0 tokens: outputs equal, state equal
//   40 tokens: outputs equal, state equal
//   17 tokens: outputs equal, state equal
//
// To try next:
//   1. Leave out cu_seqlens: from which token on do the outputs differ, and by how much does a strong decay (g = -5) hide it?
//   2. Continue all four texts: give packed.final_state as initial_state of the next call, with new lengths.
