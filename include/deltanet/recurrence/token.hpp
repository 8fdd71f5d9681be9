#pragma once

#include <type_traits>

#include "deltanet/core/packet.hpp"
#include "deltanet/memory/chunk.hpp"

/// A chunk of one token over a whole state [rows, V], in place: the inner loop of decoding. Nothing is used often enough to be
/// worth rearranging, so the state is read from end to end, the way it lies in memory, and then written so, in strips of
/// columns whose sums stay in registers.
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
  static T multiply_add(T a, T b, T c) { return a * b + c; }
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

/// e += S^T predict,   o = S^T read over a strip of the columns of S [rows, V].
template <bool predicts, class Strip, Real T>
EIGEN_ALWAYS_INLINE void read_strip(Strip, Index rows, const T* S, Index V, const T* predict, const T* read, T* e, T* o) {
  using L = typename Strip::L;
  typename L::Packet sum_e[Strip::N], sum_o[Strip::N];
  for (int i = 0; i < Strip::N; ++i) {
    if constexpr (predicts) sum_e[i] = L::load(e + i * L::size);
    sum_o[i] = L::broadcast(T(0));
  }
  for (Index r = 0; r < rows; ++r, S += V) {
    const auto to_o = L::broadcast(read[r]), to_e = L::broadcast(predict[r]);
#pragma GCC unroll 8
    for (int i = 0; i < Strip::N; ++i) {
      const auto entries = L::load(S + i * L::size);
      sum_o[i] = L::multiply_add(to_o, entries, sum_o[i]);
      if constexpr (predicts) sum_e[i] = L::multiply_add(to_e, entries, sum_e[i]);
    }
  }
  for (int i = 0; i < Strip::N; ++i) {
    if constexpr (predicts) L::store(e + i * L::size, sum_e[i]);
    L::store(o + i * L::size, sum_o[i]);
  }
}

/// S <- diag(carry) S + w u^T over a strip of the columns of S [rows, V]; where `coupled`, coupling times the rows of Z [rows,
/// V] is added.
template <bool coupled, class Strip, Real T>
EIGEN_ALWAYS_INLINE void write_strip(Strip, Index rows, T* S, Index V, const T* carry, const T* w, const T* u, T coupling = 0,
                                     const T* Z = nullptr) {
  using L = typename Strip::L;
  typename L::Packet writes[Strip::N];
  for (int i = 0; i < Strip::N; ++i) writes[i] = L::load(u + i * L::size);
  const auto from_Z = L::broadcast(coupling);
  for (Index r = 0; r < rows; ++r, S += V) {
    const auto kept = L::broadcast(carry[r]), weight = L::broadcast(w[r]);
#pragma GCC unroll 8
    for (int i = 0; i < Strip::N; ++i) {
      auto entries = L::multiply_add(weight, writes[i], L::multiply(kept, L::load(S + i * L::size)));
      if constexpr (coupled) entries = L::multiply_add(from_Z, L::load(Z + r * V + i * L::size), entries);
      L::store(S + i * L::size, entries);
    }
  }
}

/// Equations 7 to 9 for one token. e [V] holds the target and comes back as the error, b [V] the strength and comes back as the
/// write, o [V] is the output.
template <Real T>
void advance_token(const Chunk<T>& chunk, T* b, T* e, T* o, T* S, Index V) {
  const Index rows = chunk.carry.size(), P = chunk.predictions, half = chunk.coupled;
  const T* const predict = chunk.reads.data();
  const T* const read = predict + P * chunk.key_stride;
  const T* const carry = chunk.carry.data();
  const T* const w = chunk.writes.data();
  const auto read_all = [&]<bool predicts>(std::bool_constant<predicts>) {
    for_each_strip<T>(V, [&](auto strip, Index c) DELTANET_INLINE_LAMBDA {
      read_strip<predicts>(strip, rows, static_cast<const T*>(S + c), V, predict, read, e + c, o + c);
    });
  };
  if (P > 0) {
    read_all(std::true_type{});
  } else {
    read_all(std::false_type{});
  }
  // u = b e,   o += H_O u
  VectorMap<T> u(b, V);
  u.array() *= VectorMap<const T>(e, V).array();
  VectorMap<T>(o, V) += chunk.pairs(P, 0) * u;
  // S <- carry S + w u; with momentum its second half, before it moves on, is added to the first
  for_each_strip<T>(V, [&](auto strip, Index c) DELTANET_INLINE_LAMBDA {
    if (half > 0) write_strip<true>(strip, half, S + c, V, carry, w, b + c, chunk.coupling, S + half * V + c);
    write_strip<false>(strip, rows - half, S + half * V + c, V, carry + half, w + half, b + c);
  });
}

}  // namespace deltanet::detail
