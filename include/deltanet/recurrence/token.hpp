#pragma once

#include <algorithm>
#include <type_traits>

#include "deltanet/core/packet.hpp"
#include "deltanet/memory/chunk.hpp"

/// A chunk of one token over a whole state [rows, V], in place: the inner loop of decoding. Nothing is used often enough to be
/// worth rearranging, so the state is read from end to end, the way it lies in memory, and then written so.
namespace deltanet::detail {

/// e += sum_r predict[r] S_r,   o += sum_r read[r] S_r over `Rows` rows of a state.
template <bool predicts, int Rows, Real T>
void read_rows(const T* S, Index V, const T* predict, const T* read, T* e, T* o) {
  using L = Lanes<T>;
  typename L::Packet to_e[Rows], to_o[Rows];
  for (int r = 0; r < Rows; ++r) {
    to_o[r] = L::broadcast(read[r]);
    if constexpr (predicts) to_e[r] = L::broadcast(predict[r]);
  }
  Index c = 0;
  for (; c + L::size <= V; c += L::size) {
    auto sum_e = L::load(e + c), sum_o = L::load(o + c);
    for (int r = 0; r < Rows; ++r) {
      const auto entries = L::load(S + r * V + c);
      sum_o = L::multiply_add(to_o[r], entries, sum_o);
      if constexpr (predicts) sum_e = L::multiply_add(to_e[r], entries, sum_e);
    }
    L::store(o + c, sum_o);
    if constexpr (predicts) L::store(e + c, sum_e);
  }
  for (; c < V; ++c)
    for (int r = 0; r < Rows; ++r) {
      o[c] += read[r] * S[r * V + c];
      if constexpr (predicts) e[c] += predict[r] * S[r * V + c];
    }
}

/// s <- kept s + w u, one row of a state.
template <Real T>
void write_row(T kept, T w, const T* u, Index V, T* s) {
  using L = Lanes<T>;
  const auto factor = L::broadcast(kept), weight = L::broadcast(w);
  Index c = 0;
  for (; c + L::size <= V; c += L::size)
    L::store(s + c, L::multiply_add(weight, L::load(u + c), L::multiply(factor, L::load(s + c))));
  for (; c < V; ++c) s[c] = kept * s[c] + w * u[c];
}

/// Equations 7 to 9 for one token. e [V] holds the target and comes back as the error, b [V] the strength and comes back as the
/// write, o [V] is the output.
template <Real T>
void advance_token(const Chunk<T>& chunk, T* b, T* e, T* o, T* S, Index V) {
  constexpr int together = 4;  // rows whose coefficients stay in registers
  const Index rows = chunk.carry.size(), P = chunk.predictions;
  const T* const predict = chunk.reads.data();
  const T* const read = predict + P * chunk.key_stride;
  std::fill_n(o, V, T(0));
  const auto read_all = [&]<bool predicts>(std::bool_constant<predicts>) {
    Index r = 0;
    for (; r + together <= rows; r += together) read_rows<predicts, together>(S + r * V, V, predict + r, read + r, e, o);
    for (; r < rows; ++r) read_rows<predicts, 1>(S + r * V, V, predict + r, read + r, e, o);
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
  for (Index r = 0; r < chunk.coupled; ++r)
    VectorMap<T>(S + r * V, V) = chunk.carry[r] * VectorMap<T>(S + r * V, V) +
                                 chunk.coupling * VectorMap<T>(S + (chunk.coupled + r) * V, V) + chunk.writes(0, r) * u;
  for (Index r = chunk.coupled; r < rows; ++r) write_row(chunk.carry[r], chunk.writes(0, r), b, V, S + r * V);
}

}  // namespace deltanet::detail
