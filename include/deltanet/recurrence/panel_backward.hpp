#pragma once

#include "deltanet/core/lane_sums.hpp"
#include "deltanet/core/transpose.hpp"
#include "deltanet/recurrence/panel.hpp"

/// The gradients of one chunk over one panel of value columns: the inner loop of the chunked scan's way back.
namespace deltanet::detail {

/// What `retreat` transposes of a panel, so that tokens run along the vector lanes.
template <Real T>
struct RetreatScratch {
  Matrix<T> U;    // [panel, n]
  Matrix<T> dEO;  // [panel, P + n]

  explicit RetreatScratch(Index C)
      : U(Matrix<T>::Zero(Lanes<T>::panel, whole_packets<T>(C))),
        dEO(Matrix<T>::Zero(Lanes<T>::panel, whole_packets<T>(2 * C))) {}
};

/// The gradient of a Chunk, to which one panel after another adds. dR and dW are held transposed: so slices of the state are
/// factors as they lie, and what has to be transposed is done once a chunk, in `store`.
template <Real T>
class ChunkGradient {
  using L = Lanes<T>;

 public:
  ChunkGradient(Index C, Index state_rows)
      : reads_(Matrix<T>::Zero(state_rows, whole_packets<T>(2 * C))),
        writes_(Matrix<T>::Zero(state_rows, whole_packets<T>(C))),
        pairs_(Matrix<T>::Zero(2 * C, whole_packets<T>(C))),
        carry_(Vector<T>::Zero(state_rows)) {}

  /// No panel has been added.
  void clear() {
    first_ = true;
    carry_.setZero();
    coupling_ = 0;
  }

  /// dW += U dS1^T and dcarry += rowsum(S (.) dS1), for n tokens. U [panel, n] is transposed.
  void add_write(Index n, const Matrix<T>& U, const T* S, const T* dS1) {
    add_product(carry_.size(), n, dS1, U, writes_);
    const auto products = [&](Index row) {
      const T* const s = S + row * L::panel;
      const T* const d = dS1 + row * L::panel;
      return L::multiply_add(L::load(s), L::load(d), L::multiply(L::load(s + L::size), L::load(d + L::size)));
    };
    Index row = 0;
    for (; row + L::size <= carry_.size(); row += L::size) {
      typename L::Packet of_rows[L::size];
      for (Index r = 0; r < L::size; ++r) of_rows[r] = products(row + r);
      T* const sums = carry_.data() + row;
      L::store(sums, Eigen::internal::padd(L::load(sums), LaneSums<T>::template of<static_cast<int>(L::size)>(of_rows)));
    }
    for (; row < carry_.size(); ++row) carry_[row] += L::sum(products(row));
  }

  /// dcoupling += <Z, dS1>, of the memory's rows dS1 [half, panel] and the momentum's Z.
  void add_coupling(Index half, const T* Z, const T* dS1) {
    for (Index r = 0; r < half; ++r)
      coupling_ += VectorMap<const T>(Z + r * L::panel, L::panel).dot(VectorMap<const T>(dS1 + r * L::panel, L::panel));
  }

  /// dR += [dE; dO] S^T and dH += [dE; dO] U^T, with P + n rows of cotangents: as they lie, and transposed.
  void add_reads(Index rows, Index n, const T* dPO, const Matrix<T>& dPO_transposed, const Matrix<T>& U, const T* S) {
    add_product(carry_.size(), rows, S, dPO_transposed, reads_);
    add_product(rows, n, dPO, U, pairs_);
    first_ = false;
  }

  /// What other panels have added, of the same chunk of n tokens whose R has `rows` rows.
  void add(Index rows, Index n, const ChunkGradient& other) {
    reads_.leftCols(rows) += other.reads_.leftCols(rows);
    writes_.leftCols(n) += other.writes_.leftCols(n);
    pairs_.topLeftCorner(rows, n) += other.pairs_.topLeftCorner(rows, n);
    carry_ += other.carry_;
    coupling_ += other.coupling_;
  }

  /// All of it as the gradient of such a chunk.
  void store(Index rows, Index n, Chunk<T>& d) const {
    transpose(carry_.size(), rows, reads_.data(), reads_.cols(), d.reads.data(), d.key_stride);
    transpose(carry_.size(), n, writes_.data(), writes_.cols(), d.writes.data(), d.key_stride);
    d.pairs.topLeftCorner(rows, n) = pairs_.topLeftCorner(rows, n);
    d.carry = carry_;
    d.coupling = coupling_;
  }

 private:
  /// to [rows, columns] += a [rows, panel] b [panel, columns], or = for the first panel.
  void add_product(Index rows, Index columns, const T* a, const Matrix<T>& b, Matrix<T>& to) {
    const Plain<T> left{a, L::panel};
    const Index width = whole_packets<T>(columns);
    if (first_) {
      small_product<Keep::nothing>(rows, width, L::panel, left, b.data(), b.cols(), to.data(), to.cols());
    } else {
      small_product<Keep::all>(rows, width, L::panel, left, b.data(), b.cols(), to.data(), to.cols());
    }
  }

  Matrix<T> reads_;   // dR^T [rows, P + n]
  Matrix<T> writes_;  // dW^T [rows, n]
  Matrix<T> pairs_;   // dH [P + n, n]
  Vector<T> carry_;
  T coupling_ = 0;
  bool first_ = true;
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

/// The gradients of `advance` for one panel (README.md, equations 10 to 14), from E, U, b [n, panel] and the state before, S
/// [K, panel]. dEO [2 n, panel] holds dO in its lower half, and dE = dX comes into its upper half; b becomes its gradient; dS
/// comes as that of the state after the chunk and leaves as that of S. Adds to dchunk.
template <Real T>
void retreat(const Chunk<T>& chunk, const T* E, const T* U, T* b, T* dEO, const T* S, T* dS, RetreatScratch<T>& scratch,
             ChunkGradient<T>& dchunk) {
  constexpr PanelWidth<T> W{};
  const Index n = chunk.tokens, P = chunk.predictions, rows = chunk.carry.size(), ps = chunk.pair_stride;
  const T* const H = chunk.pairs.data();
  const T* const dO = dEO + n * W;
  const T* const dPO = dO - P * W;  // [P + n, panel]: as far as the state is read

  // forward: O = .. + H_O U,   S1 = diag(carry) S + W^T U
  // so:      dU = H_O^T dO + W dS1,   dW += U dS1^T,   dcarry += rowsum(S (.) dS1)
  panel_product<Keep::nothing>(n, n, Transposed<T>{H + P * ps, ps}, dO, W, dEO, W);
  panel_product<Keep::all>(n, rows, Plain<T>{chunk.writes.data(), chunk.key_stride}, dS, W, dEO, W);
  transpose(n, W, U, W, scratch.U.data(), scratch.U.cols());
  dchunk.add_write(n, scratch.U, S, dS);

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
  transpose(P + n, W, dPO, W, scratch.dEO.data(), scratch.dEO.cols());
  dchunk.add_reads(P + n, n, dPO, scratch.dEO, scratch.U, S);
  const auto reads = Transposed<T>{chunk.reads.data(), chunk.key_stride};
  if (const Index half = chunk.coupled; half == 0) {
    panel_product<Keep::scaled>(rows, P + n, reads, dPO, W, dS, W, Scaled<T>{chunk.carry.data(), dS});
  } else {
    // forward: S1 = diag(carry) S + coupling Z + ..,   Z1 = diag(carry) Z + ..
    // so:      dcoupling += <Z, dS1>,   dZ = diag(carry) dZ1 + coupling dS1 + ..
    dchunk.add_coupling(half, S + half * W, dS);
    for (Index r = 0; r < half; ++r) {
      T* const by_S = dS + r * W;
      T* const by_Z = by_S + half * W;
      combine_row(chunk.carry[half + r], by_Z, chunk.coupling, by_S, by_Z);
      VectorMap<T>(by_S, W) *= chunk.carry[r];
    }
    panel_product<Keep::all>(rows, P + n, reads, dPO, W, dS, W);
  }
}

}  // namespace deltanet::detail
