#pragma once

#include <type_traits>

#include "deltanet/recurrence/panel.hpp"

/// One token of a chunk that is not full, over a whole state [rows, V]: the inner loop of decoding. The state, of before the
/// chunk, is only read, from end to end the way it lies in memory, in strips of columns whose sums stay in registers; the
/// writes of the chunk's tokens wait beside it, and reach it together when the chunk is full. All sums run in the order that
/// `advance` (panel.hpp) has for a chunk, so that both give the same bits.
namespace deltanet::detail {

/// One number at a time, where less than a packet of columns is left: the same names as Lanes.
template <Real T>
struct OneLane {
  using Packet = T;
  static constexpr Index size = 1;

  static T load(const T* from) { return *from; }
  static void store(T* to, T value) { *to = value; }
  static T broadcast(T value) { return value; }
  static T multiply(T a, T b) { return a * b; }
  static T multiply_add(T a, T b, T c) {
#ifdef EIGEN_HAS_SINGLE_INSTRUCTION_MADD
    return std::fma(a, b, c);
#else
    return a * b + c;
#endif
  }
};

/// The strip of N packets at a column: L is Lanes or OneLane.
template <class L_, int N_>
struct Strip {
  using L = L_;
  static constexpr int N = N_;
  static constexpr Index width = N * L::size;
};

/// Calls f(strip, column) for strips that cover V columns, the widest first.
template <Real T, class F>
EIGEN_ALWAYS_INLINE void for_each_strip(Index V, const F& f) {
  Index column = 0;
  const auto cover = [&](auto strip) DELTANET_INLINE_LAMBDA {
    for (; column + strip.width <= V; column += strip.width) f(strip, column);
  };
  cover(Strip<Lanes<T>, 8>{});
  cover(Strip<Lanes<T>, 4>{});
  cover(Strip<Lanes<T>, 1>{});
  cover(Strip<OneLane<T>, 4>{});
  cover(Strip<OneLane<T>, 1>{});
}

/// Rows of a state that are fetched ahead while one is read: after the last, those of the state that is read next.
inline constexpr Index rows_ahead = 16;

/// Asks for `count` numbers to be brought into the first cache, a line at a time; they need not exist.
template <Real T>
EIGEN_ALWAYS_INLINE void fetch(const T* from, Index count) {
  constexpr Index line = 64 / static_cast<Index>(sizeof(T));
#pragma GCC unroll 8
  for (Index i = 0; i < count; i += line) __builtin_prefetch(from + i, 0, 3);
}

/// Token i of a chunk over a strip of columns, equations 7 and 8: E = x + R_E S + H_E U, u = b (.) E into row i of U, and
/// O = R_O S + H_O U. Rows of S and U are V entries apart, `chunk` has the token's rows alone; `next` is the state to come.
template <bool predicts, class Strip, Real T>
EIGEN_ALWAYS_INLINE void token_strip(Strip, const Chunk<T>& chunk, Index i, const T* S, const T* next, Index V, const T* x,
                                     const T* b, T* U, T* o) {
  using L = typename Strip::L;
  const Index rows = chunk.carry.size();
  const T* const predict = chunk.reads.data();
  const T* const read = predict + (predicts ? chunk.key_stride : 0);
  const T* const H_E = chunk.pairs.data();
  const T* const H_O = H_E + (predicts ? chunk.pair_stride : 0);
  typename L::Packet E[Strip::N], O[Strip::N];
  for (int n = 0; n < Strip::N; ++n) {
    E[n] = L::load(x + n * L::size);
    O[n] = L::broadcast(T(0));
  }
  const auto add = [&](T to_e, T to_o, const T* from) DELTANET_INLINE_LAMBDA {
    const auto by_e = L::broadcast(to_e), by_o = L::broadcast(to_o);
#pragma GCC unroll 8
    for (int n = 0; n < Strip::N; ++n) {
      const auto entries = L::load(from + n * L::size);
      O[n] = L::multiply_add(by_o, entries, O[n]);
      if constexpr (predicts) E[n] = L::multiply_add(by_e, entries, E[n]);
    }
  };
  const Index own_ahead = std::max<Index>(0, rows - rows_ahead);
  const auto read_rows = [&](Index begin, Index end, const T* ahead) DELTANET_INLINE_LAMBDA {
    for (Index r = begin; r < end; ++r, ahead += V) {
      fetch(ahead, Strip::width);
      add(predict[r], read[r], S + r * V);
    }
  };
  read_rows(0, own_ahead, S + rows_ahead * V);
  read_rows(own_ahead, rows, next);
  for (Index j = 0; j < i; ++j) add(H_E[j], H_O[j], U + j * V);
  for (int n = 0; n < Strip::N; ++n) L::store(U + i * V + n * L::size, L::multiply(L::load(b + n * L::size), E[n]));
  const auto own = L::broadcast(H_O[i]);
  for (int n = 0; n < Strip::N; ++n) L::store(o + n * L::size, L::multiply_add(own, L::load(U + i * V + n * L::size), O[n]));
}

/// The same over all V columns.
template <Real T>
void advance_token(const Chunk<T>& chunk, Index i, const T* S, const T* next, Index V, const T* x, const T* b, T* U, T* o) {
  const auto all = [&]<bool predicts>(std::bool_constant<predicts>) {
    for_each_strip<T>(V, [&](auto strip, Index c) DELTANET_INLINE_LAMBDA {
      token_strip<predicts>(strip, chunk, i, S + c, next + c, V, x + c, b + c, U + c, o + c);
    });
  };
  if (chunk.predictions > 0)
    all(std::true_type{});
  else
    all(std::false_type{});
}

/// The write of the chunk's tokens, equation 9, to the whole state: S <- diag(carry) S + W^T U, with U [n, V]. A few rows at a
/// time, which lie side by side.
template <Real T>
void write_open(const Chunk<T>& chunk, const T* U, T* S, Index V) {
  constexpr Index W = Lanes<T>::panel, step = Lanes<T>::tile_rows;
  const Index rows = chunk.carry.size(), whole = V - V % W;
  const auto write = [&](Index first, Index last) {
    for (Index begin = first; begin < last; begin += step)
      for (Index c = 0; c < whole; c += W) {
        const Index end = std::min(begin + step, last);
        for (Index r = end; r < std::min(end + step, last); ++r) fetch(S + r * V + c, W);
        write_rows(chunk, begin, end, U + c, V, S + c, S + c, V);
      }
  };
  if (chunk.coupled > 0) write(0, chunk.coupled);
  write(chunk.coupled, rows);
  if (whole == V) return;
  Matrix<T> u = Matrix<T>::Zero(chunk.tokens, W), s = Matrix<T>::Zero(rows, W);
  u.leftCols(V - whole) = MatrixMap<const T>(U, chunk.tokens, V).rightCols(V - whole);
  s.leftCols(V - whole) = MatrixMap<T>(S, rows, V).rightCols(V - whole);
  write_chunk<T>(chunk, u.data(), s.data(), s.data());
  MatrixMap<T>(S, rows, V).rightCols(V - whole) = s.leftCols(V - whole);
}

}  // namespace deltanet::detail
