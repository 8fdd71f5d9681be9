#pragma once

#include "deltanet/core/tile_product.hpp"
#include "deltanet/memory/chunk.hpp"

/// One chunk over one panel of value columns: the inner loop of every chunked scan. A panel is two vectors wide, so that its
/// slice of the state, [K, panel], stays in the first-level cache from chunk to chunk.
namespace deltanet::detail {

/// Rows of the triangular system solved at once: earlier rows arrive by a product, these by substitution.
inline constexpr Index solve_rows = 4;

/// The arrays of one chunk and panel; rows of `Lanes<T>::panel` entries.
template <Real T>
struct ChunkPanel {
  Matrix<T> EO;        // [2 C, panel]: targets X on the way in; errors E, then outputs O on the way out
  Matrix<T> strength;  // [C, panel]: b
  Matrix<T> U;         // [C, panel]: writes, b (.) E

  explicit ChunkPanel(Index C)
      : EO(Matrix<T>::Zero(2 * C, Lanes<T>::panel)),
        strength(Matrix<T>::Zero(C, Lanes<T>::panel)),
        U(Matrix<T>::Zero(C, Lanes<T>::panel)) {}
};

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

/// S <- diag(carry) S + W^T U: the write, equation 9. Rows of S are `lds` entries apart.
template <Real T>
void write_chunk(const Chunk<T>& chunk, const T* U, T* S, Index lds) {
  panel_product<Keep::scaled>(chunk.carry.size(), chunk.tokens,
                              LeftFactor<T>::transposed(chunk.writes.data(), chunk.key_stride), U, Lanes<T>::panel, S, lds,
                              chunk.carry.data());
}

/// Equations 7 to 9 for one panel: from X in the upper half of EO, and b, to E, O and U; S [K, panel] is carried on.
template <Real T>
void advance(const Chunk<T>& chunk, ChunkPanel<T>& panel, T* S, Index lds) {
  constexpr Index W = Lanes<T>::panel;
  const Index n = chunk.tokens, K = chunk.carry.size();
  T* const E = panel.EO.data();
  T* const U = panel.U.data();
  const T* const b = panel.strength.data();
  panel.EO.middleRows(n, n).setZero();

  // [E; O] = [X; 0] + R S
  panel_product<Keep::all>(2 * n, K, LeftFactor<T>::plain(chunk.reads.data(), chunk.key_stride), S, lds, E, W);

  // E += H U, U = b (.) E, by forward substitution: H couples a row to earlier rows alone
  const T* const H = chunk.pairs.data();
  for (Index first = 0; first < n; first += solve_rows) {
    const Index last = std::min(first + solve_rows, n);
    if (first > 0)
      panel_product<Keep::all>(last - first, first, LeftFactor<T>::plain(H + first * chunk.pair_stride, chunk.pair_stride), U,
                               W, E + first * W, W);
    for (Index i = first; i < last; ++i) {
      add_rows(i - first, H + i * chunk.pair_stride + first, 1, U + first * W, E + i * W);
      multiply_row(b + i * W, E + i * W, U + i * W);
    }
  }

  // O += H U
  panel_product<Keep::all, Triangle::lower>(n, n, LeftFactor<T>::plain(H + n * chunk.pair_stride, chunk.pair_stride), U, W,
                                            E + n * W, W);
  write_chunk(chunk, U, S, lds);
}

/// The gradients of `advance` for one panel (README.md, equations 10 to 14). In dEO's lower half comes dO; its upper half
/// becomes dE = dX. dS comes as the gradient of the state after the chunk and leaves as that of the state before, S. `panel`
/// holds E, U and b; its strengths become their gradient. Adds to dchunk.
template <Real T>
void retreat(const Chunk<T>& chunk, ChunkPanel<T>& panel, const T* S, Matrix<T>& dEO, T* dS, Matrix<T>& S_transposed,
             Chunk<T>& dchunk) {
  constexpr Index W = Lanes<T>::panel;
  const Index n = chunk.tokens, K = chunk.carry.size(), ks = chunk.key_stride, ps = chunk.pair_stride;
  const T* const E = panel.EO.data();
  const T* const U = panel.U.data();
  const T* const H = chunk.pairs.data();
  T* const b = panel.strength.data();
  T* const dE = dEO.data();
  const T* const dO = dE + n * W;
  const auto transpose = [&](const T* state) { S_transposed.leftCols(K) = MatrixMap<const T>(state, K, W).transpose(); };

  // forward: O = .. + H_O U,   S1 = diag(carry) S + W^T U
  // so:      dU = H_O^T dO + W dS1,   dW += U dS1^T,   dcarry += rowsum(S (.) dS1)
  panel_product<Keep::nothing>(n, n, LeftFactor<T>::transposed(H + n * ps, ps), dO, W, dE, W);
  panel_product<Keep::all>(n, K, LeftFactor<T>::plain(chunk.writes.data(), ks), dS, W, dE, W);
  transpose(dS);
  small_product<Keep::all>(n, ks, W, LeftFactor<T>::plain(U, W), S_transposed.data(), ks, dchunk.writes.data(), ks);
  dchunk.carry += MatrixMap<const T>(S, K, W).cwiseProduct(MatrixMap<const T>(dS, K, W)).rowwise().sum();

  // forward: E = .. + H_E U,   U = b (.) E
  // so:      dU_j += sum_{i > j} H_ij dE_i,   db = dU (.) E,   dE = b (.) dU: the substitution, backwards
  for (Index last = n; last > 0;) {
    const Index first = (last - 1) / solve_rows * solve_rows;
    if (last < n)
      panel_product<Keep::all>(last - first, n - last, LeftFactor<T>::transposed(H + last * ps + first, ps), dE + last * W, W,
                               dE + first * W, W);
    for (Index i = last; i-- > first;) {
      add_rows(last - i - 1, H + (i + 1) * ps + i, ps, dE + (i + 1) * W, dE + i * W);
      const VectorMap<const T> error(E + i * W, W);
      VectorMap<T> dU(dE + i * W, W), strength(b + i * W, W);
      const Eigen::Matrix<T, W, 1> de = strength.cwiseProduct(dU);
      strength = dU.cwiseProduct(error);
      dU = de;
    }
    last = first;
  }

  // forward: [E; O] = [X; 0] + R S + H U
  // so:      dX = dE,   dR += [dE; dO] S^T,   dH += [dE; dO] U^T,   dS = diag(carry) dS1 + R^T [dE; dO]
  transpose(S);
  small_product<Keep::all>(2 * n, ks, W, LeftFactor<T>::plain(dE, W), S_transposed.data(), ks, dchunk.reads.data(), ks);
  dchunk.pairs.topLeftCorner(2 * n, n).noalias() += MatrixMap<const T>(dE, 2 * n, W) * MatrixMap<const T>(U, n, W).transpose();
  panel_product<Keep::scaled>(K, 2 * n, LeftFactor<T>::transposed(chunk.reads.data(), ks), dE, W, dS, W, chunk.carry.data());
}

}  // namespace deltanet::detail
