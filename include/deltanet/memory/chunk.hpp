#pragma once

#include "deltanet/core/packet.hpp"

namespace deltanet {

/// What a chunk of n tokens does to the state of one head, whatever the member (recurrence/README.md, equations 7 to 9):
///
///   [E; O] = [X; 0] + R S0 + H U,    U = b (.) E,    S1 = diag(carry) S0 + W^T U
///
/// E [n, V] prediction errors, O [n, V] outputs, X [n, V] targets, b write strengths, S0 and S1 the states before and after.
/// The upper half of H is strictly lower triangular, so E is found row by row. Nothing here depends on the value column:
/// a chunk is built once and serves every slice of V. Its gradient is a Chunk too.
template <Real T>
struct Chunk {
  Index tokens = 0;   // n, at most the capacity C
  Index key_stride;   // K rounded up to whole panels; the columns beyond K stay zero
  Index pair_stride;  // C rounded up to whole panels; the columns beyond n are zero or unused

  Matrix<T> reads;   // R [2 n, K]: n rows that predict (negated), then n rows that read out (scaled)
  Matrix<T> pairs;   // H [2 n, n]: how the write of token j meets the prediction, then the read, of token i
  Matrix<T> writes;  // W [n, K]: what is left of each write at the end of the chunk
  Vector<T> carry;   // [K]: what is left of S0 at the end of the chunk

  Chunk(Index capacity, Index K)
      : key_stride(padded<T>(K)),
        pair_stride(padded<T>(capacity)),
        reads(Matrix<T>::Zero(2 * capacity, key_stride)),
        pairs(Matrix<T>::Zero(2 * capacity, pair_stride)),
        writes(Matrix<T>::Zero(capacity, key_stride)),
        carry(Vector<T>::Zero(K)) {}

  void set_zero() {
    reads.setZero();
    pairs.setZero();
    writes.setZero();
    carry.setZero();
  }
};

}  // namespace deltanet
