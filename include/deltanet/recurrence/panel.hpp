#pragma once

#include "deltanet/core/tile_product.hpp"
#include "deltanet/memory/chunk.hpp"

/// One chunk over one panel of value columns: the inner loop of every chunked scan. A panel is two vectors wide, so that its
/// slice of the state, [K, panel], stays in the first-level cache from chunk to chunk.
namespace deltanet::detail {

/// Rows of the triangular system solved at once: earlier rows arrive by a product, these by substitution.
inline constexpr int solve_rows = 4;

/// to <- a (.) b, one row of a panel.
template <Real T>
EIGEN_ALWAYS_INLINE void multiply_row(const T* a, const T* b, T* to) {
  using L = Lanes<T>;
  L::store(to, L::multiply(L::load(a), L::load(b)));
  L::store(to + L::size, L::multiply(L::load(a + L::size), L::load(b + L::size)));
}

/// `Rows` rows of the triangular system, in registers throughout: E += H U for the `known` rows of U, then by substitution,
/// U = b (.) E as the rows come. H, b and E begin at these rows, U at the chunk's first.
template <int Rows, Real T>
EIGEN_ALWAYS_INLINE void solve_tile(Index known, const T* H, Index ldh, const T* b, T* E, T* U) {
  using L = Lanes<T>;
  typename L::Packet left[Rows], right[Rows];
  const auto add = [&](int row, const T* weight, const typename L::Packet& u_left, const typename L::Packet& u_right)
                       DELTANET_INLINE_LAMBDA {
                         const auto h = L::broadcast(*weight);
                         left[row] = L::multiply_add(h, u_left, left[row]);
                         right[row] = L::multiply_add(h, u_right, right[row]);
                       };
  for (int r = 0; r < Rows; ++r) {
    left[r] = L::load(E + r * L::panel);
    right[r] = L::load(E + r * L::panel + L::size);
  }
#pragma GCC unroll 4
  for (Index p = 0; p < known; ++p) {
    const auto u_left = L::load(U + p * L::panel), u_right = L::load(U + p * L::panel + L::size);
    for (int r = 0; r < Rows; ++r) add(r, H + r * ldh + p, u_left, u_right);
  }
  for (int r = 0; r < Rows; ++r) {
    T* const u = U + (known + r) * L::panel;
    const auto u_left = L::multiply(L::load(b + r * L::panel), left[r]);
    const auto u_right = L::multiply(L::load(b + r * L::panel + L::size), right[r]);
    L::store(E + r * L::panel, left[r]);
    L::store(E + r * L::panel + L::size, right[r]);
    L::store(u, u_left);
    L::store(u + L::size, u_right);
    for (int s = r + 1; s < Rows; ++s) add(s, H + s * ldh + known + r, u_left, u_right);
  }
}

/// to <- f a + g b, one row of a panel.
template <Real T>
EIGEN_ALWAYS_INLINE void combine_row(T f, const T* a, T g, const T* b, T* to) {
  using L = Lanes<T>;
  const auto by_f = L::broadcast(f), by_g = L::broadcast(g);
  L::store(to, L::multiply_add(by_g, L::load(b), L::multiply(by_f, L::load(a))));
  L::store(to + L::size, L::multiply_add(by_g, L::load(b + L::size), L::multiply(by_f, L::load(a + L::size))));
}

/// S1 = diag(carry) S + W^T U: the write, equation 9, for the rows begin .. end - 1 of one half of the state; S1 may be S. With
/// momentum its second half, which must not have been written yet, is added to the first, equation 19.
template <Real T, class StrideU, class StrideS>
EIGEN_ALWAYS_INLINE void write_rows(const Chunk<T>& chunk, Index begin, Index end, const T* U, StrideU ldu, const T* S, T* S1,
                                    StrideS lds) {
  const Transposed<T> W{chunk.writes.data() + begin, chunk.key_stride};
  T* const to = S1 + begin * lds;
  if (begin < chunk.coupled) {
    for (Index r = begin; r < end; ++r)
      combine_row(chunk.carry[r], S + r * lds, chunk.coupling, S + (chunk.coupled + r) * lds, S1 + r * lds);
    panel_product<Keep::all>(end - begin, chunk.tokens, W, U, ldu, to, lds);
  } else {
    panel_product<Keep::scaled>(end - begin, chunk.tokens, W, U, ldu, to, lds,
                                Scaled<T>{chunk.carry.data() + begin, S + begin * lds});
  }
}

/// The same for all rows of a panel.
template <Real T>
void write_chunk(const Chunk<T>& chunk, const T* U, const T* S, T* S1) {
  constexpr PanelWidth<T> W{};
  if (chunk.coupled > 0) write_rows(chunk, 0, chunk.coupled, U, W, S, S1, W);
  write_rows(chunk, chunk.coupled, chunk.carry.size(), U, W, S, S1, W);
}

/// Equations 7 to 9 for one panel. EO [2 n, panel] holds the targets X in its upper half and comes back as errors E, then
/// outputs O (where nothing is predicted, the errors are the targets); b, U [n, panel] are strengths and writes; S, S1 [K,
/// panel] the states before and after, which may be one.
template <Real T>
void advance(const Chunk<T>& chunk, const T* b, T* EO, T* U, const T* S, T* S1) {
  constexpr PanelWidth<T> W{};
  const Index n = chunk.tokens, P = chunk.predictions, rows = chunk.carry.size(), ps = chunk.pair_stride;
  const T* const H = chunk.pairs.data();
  T* const O = EO + n * W;

  // [E; O] = [X; 0] + R S
  const Plain<T> R{chunk.reads.data(), chunk.key_stride};
  panel_product<Keep::all>(P, rows, R, S, W, EO, W);
  panel_product<Keep::nothing>(n, rows, R.from_row(P), S, W, O, W);

  // E += H U, U = b (.) E, by forward substitution: H couples a row to earlier rows alone
  Index row = 0;
  for (; row + solve_rows <= P; row += solve_rows) solve_tile<solve_rows>(row, H + row * ps, ps, b + row * W, EO + row * W, U);
  for (; row < P; ++row) solve_tile<1>(row, H + row * ps, ps, b + row * W, EO + row * W, U);
  for (; row < n; ++row) multiply_row(b + row * W, EO + row * W, U + row * W);

  // O += H U
  panel_product<Keep::all, Triangle::lower>(n, n, Plain<T>{H + P * ps, ps}, U, W, O, W);
  write_chunk(chunk, U, S, S1);
}

}  // namespace deltanet::detail
