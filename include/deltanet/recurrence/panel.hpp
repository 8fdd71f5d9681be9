#pragma once

#include "deltanet/core/tile_product.hpp"
#include "deltanet/core/transpose.hpp"
#include "deltanet/memory/chunk.hpp"

/// One chunk over one panel of value columns: the inner loop of every chunked scan. A panel is two vectors wide, so that its
/// slice of the state, [K, panel], stays in the first-level cache from chunk to chunk.
namespace deltanet::detail {

/// Rows of the triangular system solved at once: earlier rows arrive by a product, these by substitution.
inline constexpr int solve_rows = 4;

/// row <- row + sum_p weights[p * stride] B_p over `count` rows of a panel.
template <Real T>
EIGEN_ALWAYS_INLINE void add_rows(Index count, const T* weights, Index stride, const T* B, T* row) {
  using L = Lanes<T>;
  auto left = L::load(row), right = L::load(row + L::size);
  for (Index p = 0; p < count; ++p, B += L::panel) {
    const auto weight = L::broadcast(weights[p * stride]);
    left = L::multiply_add(weight, L::load(B), left);
    right = L::multiply_add(weight, L::load(B + L::size), right);
  }
  L::store(row, left);
  L::store(row + L::size, right);
}

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

/// to <- f to + g from, one row of a panel.
template <Real T>
EIGEN_ALWAYS_INLINE void combine_row(T f, T* to, T g, const T* from) {
  using L = Lanes<T>;
  const auto weight = L::broadcast(g), kept = L::broadcast(f);
  L::store(to, L::multiply_add(weight, L::load(from), L::multiply(kept, L::load(to))));
  L::store(to + L::size, L::multiply_add(weight, L::load(from + L::size), L::multiply(kept, L::load(to + L::size))));
}

/// S <- diag(carry) S + W^T U: the write, equation 9, for the rows begin .. end - 1 of one half of the state. With momentum its
/// second half, which must not have been written yet, is added to the first, equation 19.
template <Real T, class StrideU, class StrideS>
EIGEN_ALWAYS_INLINE void write_rows(const Chunk<T>& chunk, Index begin, Index end, const T* U, StrideU ldu, T* S, StrideS lds) {
  const Transposed<T> W{chunk.writes.data() + begin, chunk.key_stride};
  if (begin < chunk.coupled) {
    for (Index r = begin; r < end; ++r) combine_row(chunk.carry[r], S + r * lds, chunk.coupling, S + (chunk.coupled + r) * lds);
    panel_product<Keep::all>(end - begin, chunk.tokens, W, U, ldu, S + begin * lds, lds);
  } else {
    panel_product<Keep::scaled>(end - begin, chunk.tokens, W, U, ldu, S + begin * lds, lds, chunk.carry.data() + begin);
  }
}

/// The same for all rows of a panel.
template <Real T>
void write_chunk(const Chunk<T>& chunk, const T* U, T* S) {
  constexpr PanelWidth<T> W{};
  if (chunk.coupled > 0) write_rows(chunk, 0, chunk.coupled, U, W, S, W);
  write_rows(chunk, chunk.coupled, chunk.carry.size(), U, W, S, W);
}

/// Equations 7 to 9 for one panel. EO [2 n, panel] holds the targets X in its upper half and comes back as errors E, then
/// outputs O (where nothing is predicted, the errors are the targets); b, U [n, panel] are strengths and writes; S [K, panel]
/// is carried on.
template <Real T>
void advance(const Chunk<T>& chunk, const T* b, T* EO, T* U, T* S) {
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
  write_chunk(chunk, U, S);
}

/// What `retreat` transposes, so that keys or tokens run along the vector lanes.
template <Real T>
struct RetreatScratch {
  Matrix<T> S, dS;  // [panel, K]
  Matrix<T> U;      // [panel, C]

  RetreatScratch(Index C, Index K)
      : S(Matrix<T>::Zero(Lanes<T>::panel, padded<T>(K))),
        dS(Matrix<T>::Zero(Lanes<T>::panel, padded<T>(K))),
        U(Matrix<T>::Zero(Lanes<T>::panel, padded<T>(C))) {}
};

/// The gradients of `advance` for one panel (README.md, equations 10 to 14), from E, U, b [n, panel] and the state before, S
/// [K, panel]. dEO [2 n, panel] holds dO in its lower half, and dE = dX comes into its upper half; b becomes its gradient; dS
/// comes as that of the state after the chunk and leaves as that of S. Adds to dchunk.
template <Real T>
void retreat(const Chunk<T>& chunk, const T* E, const T* U, T* b, T* dEO, const T* S, T* dS, RetreatScratch<T>& scratch,
             Chunk<T>& dchunk) {
  constexpr PanelWidth<T> W{};
  const Index n = chunk.tokens, P = chunk.predictions, rows = chunk.carry.size(), ks = chunk.key_stride, ps = chunk.pair_stride;
  const T* const H = chunk.pairs.data();
  const T* const dO = dEO + n * W;
  const T* const dPO = dO - P * W;  // [P + n, panel]: as far as the state is read
  transpose(rows, W, S, W, scratch.S.data(), ks);
  transpose(rows, W, static_cast<const T*>(dS), W, scratch.dS.data(), ks);
  transpose(n, W, U, W, scratch.U.data(), ps);

  // forward: O = .. + H_O U,   S1 = diag(carry) S + W^T U
  // so:      dU = H_O^T dO + W dS1,   dW += U dS1^T,   dcarry += rowsum(S (.) dS1)
  panel_product<Keep::nothing>(n, n, Transposed<T>{H + P * ps, ps}, dO, W, dEO, W);
  panel_product<Keep::all>(n, rows, Plain<T>{chunk.writes.data(), ks}, dS, W, dEO, W);
  small_product<Keep::all>(n, ks, W, Plain<T>{U, W}, scratch.dS.data(), ks, dchunk.writes.data(), ks);
  for (Index i = 0; i < W; ++i)
    dchunk.carry += scratch.S.row(i).head(rows).cwiseProduct(scratch.dS.row(i).head(rows)).transpose();

  // forward: E = .. + H_E U,   U = b (.) E
  // so:      dU_j += sum_{i > j} H_ij dE_i,   db = dU (.) E,   dE = b (.) dU: the substitution, backwards
  for (Index last = n; last > 0;) {
    const Index first = (last - 1) / solve_rows * solve_rows;
    if (last < P)
      panel_product<Keep::all>(last - first, P - last, Transposed<T>{H + last * ps + first, ps}, dEO + last * W, W,
                               dEO + first * W, W);
    for (Index i = last; i-- > first;) {
      T* const dU = dEO + i * W;
      if (P > 0) add_rows(last - i - 1, H + (i + 1) * ps + i, ps, dU + W, dU);
      T db[W];
      multiply_row(E + i * W, dU, db);
      multiply_row(b + i * W, dU, dU);
      std::copy_n(db, W(), b + i * W);
    }
    last = first;
  }

  // forward: [E; O] = [X; 0] + R S + H U
  // so:      dX = dE,   dR += [dE; dO] S^T,   dH += [dE; dO] U^T,   dS = diag(carry) dS1 + R^T [dE; dO]
  small_product<Keep::all>(P + n, ks, W, Plain<T>{dPO, W}, scratch.S.data(), ks, dchunk.reads.data(), ks);
  small_product<Keep::all>(P + n, whole_packets<T>(n), W, Plain<T>{dPO, W}, scratch.U.data(), ps, dchunk.pairs.data(), ps);
  const auto reads = Transposed<T>{chunk.reads.data(), ks};
  if (const Index half = chunk.coupled; half == 0) {
    panel_product<Keep::scaled>(rows, P + n, reads, dPO, W, dS, W, chunk.carry.data());
  } else {
    // forward: S1 = diag(carry) S + coupling Z + ..,   Z1 = diag(carry) Z + ..
    // so:      dcoupling += <Z, dS1>,   dZ = diag(carry) dZ1 + coupling dS1 + ..
    for (Index r = 0; r < half; ++r) {
      T* const by_S = dS + r * W;
      dchunk.coupling += VectorMap<const T>(S + (half + r) * W, W).dot(VectorMap<const T>(by_S, W));
      combine_row(chunk.carry[half + r], dS + (half + r) * W, chunk.coupling, by_S);
      VectorMap<T>(by_S, W) *= chunk.carry[r];
    }
    panel_product<Keep::all>(rows, P + n, reads, dPO, W, dS, W);
  }
}

}  // namespace deltanet::detail
