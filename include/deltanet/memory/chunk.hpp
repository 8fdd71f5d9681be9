#pragma once

#include "deltanet/core/packet.hpp"

namespace deltanet {

/// What a chunk of n tokens does to the state of one head, whatever the member (recurrence/README.md, equations 7 to 9):
///
///   [E; O] = [X; 0] + R S0 + H U,    U = b (.) E,    S1 = diag(carry) S0 + W^T U
///
/// E [n, V] prediction errors, O [n, V] outputs, X [n, V] targets, b write strengths, S0 and S1 the states before and after.
/// The upper half of H is strictly lower triangular, so E is found row by row. A member that predicts nothing has no upper
/// halves, and E = X. Nothing here depends on the value column: a chunk is built once and serves every slice of V. Its gradient
/// is a Chunk too.
///
/// A state with momentum has two halves, the memory's rows and then the momentum's: those feed the memory's by `coupling`,
/// S1 = .. + coupling Z0 (equation 19).
template <Real T>
struct Chunk {
  Index tokens = 0;       // n, at most the capacity C
  Index predictions = 0;  // P: n, or 0 for a member that predicts nothing
  Index key_stride;       // rows of the state, rounded up to whole panels; the columns beyond stay zero
  Index pair_stride;      // C rounded up to whole panels; the columns beyond n are zero or unused

  Matrix<T> reads;    // R [P + n, rows]: P rows that predict (negated), then n rows that read out (scaled)
  Matrix<T> pairs;    // H [P + n, n]: how the write of token j meets the prediction, then the read, of token i
  Matrix<T> writes;   // W [n, rows]: what is left of each write at the end of the chunk
  Vector<T> carry;    // [rows]: what is left of S0 at the end of the chunk
  Index coupled = 0;  // with momentum, rows of the first half of the state, else 0
  T coupling = 0;     // what the second half of S0 adds to the first half of S1

  Chunk(Index capacity, Index state_rows)
      : key_stride(padded<T>(state_rows)),
        pair_stride(padded<T>(capacity)),
        reads(Matrix<T>::Zero(2 * capacity, key_stride)),
        pairs(Matrix<T>::Zero(2 * capacity, pair_stride)),
        writes(Matrix<T>::Zero(capacity, key_stride)),
        carry(Vector<T>::Zero(state_rows)) {}
};

/// The rows w that wait in an open chunk, [C, K], in memory that may be saved: their stride is the same on all machines.
template <class T>
struct OpenRows {
  T* data;
  Index stride;

  OpenRows(T* numbers, Index K) : data(numbers), stride(whole(K)) {}

  [[nodiscard]] static Index numbers(Index C, Index K) { return C * whole(K); }
  [[nodiscard]] T* row(Index j) const { return data + j * stride; }

  /// The smallest multiple of the widest vectors' panel that is at least `count`: whole lines of the cache, on all machines.
  [[nodiscard]] static Index whole(Index count) { return (count + widest - 1) / widest * widest; }

 private:
  static constexpr Index widest = 32;
  static_assert(Lanes<std::remove_const_t<T>>::panel <= widest);
};

}  // namespace deltanet
