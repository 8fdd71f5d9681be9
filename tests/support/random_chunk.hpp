#pragma once

#include "deltanet/core/random.hpp"
#include "deltanet/memory/chunk.hpp"

namespace deltanet::test {

/// A chunk of n tokens, 16 at most, over a state of K rows, of which momentum couples the first `coupled` to the rest. Its
/// pairs are those of a chunk: strictly lower triangular where it predicts, lower triangular where it reads.
template <Real T>
[[nodiscard]] Chunk<T> random_chunk(Random& random, Index n, Index K, bool predicts, Index coupled) {
  const Index P = predicts ? n : 0;
  Chunk<T> chunk(16, K);
  chunk.tokens = n;
  chunk.predictions = P;
  chunk.coupled = coupled;
  chunk.coupling = T(0.7);
  random.fill_normal(chunk.reads);
  random.fill_uniform(chunk.pairs, -0.2, 0.2);
  random.fill_normal(chunk.writes);
  random.fill_uniform(chunk.carry, 0, 1);
  for (Index i = 0; i < n; ++i) {
    if (predicts) chunk.pairs.row(i).tail(chunk.pair_stride - i).setZero();
    chunk.pairs.row(P + i).tail(chunk.pair_stride - i - 1).setZero();
  }
  return chunk;
}

}  // namespace deltanet::test
