#pragma once

#include "deltanet/core/packet.hpp"

namespace deltanet {

/// How a memory S with momentum Z answers, after each token of a chunk, to what came before, where
///
///   Z_t = eta_t Z_{t-1} + write_t,     S_t = alpha_t S_{t-1} + Z_t                    (recurrence/README.md, equation 18)
///
/// Entry and row i + 1 are after token i, 0 before the chunk. Products and sums of gates: no term is negative.
template <Real T>
struct Responses {
  Vector<T> A, B, N0;  // [C + 1]: of S to S0, of S to Z0, of Z to Z0
  Matrix<T> G, N;      // [C + 1, C]: of S and of Z to the writes; rows go on as zeros to whole panels

  explicit Responses(Index C) : A(C + 1), B(C + 1), N0(C + 1), G(C + 1, padded<T>(C)), N(C + 1, padded<T>(C)) {}

  void set_zero() {
    for (auto* vector : {&A, &B, &N0}) vector->setZero();
    for (auto* matrix : {&G, &N}) matrix->setZero();
  }

  /// Fills all from the gates of n tokens: O(n^2).
  //
  //   A_t = alpha_t A_{t-1},   N0_t = eta_t N0_{t-1},   B_t = alpha_t B_{t-1} + N0_t,
  //   N_tj = eta_t N_{t-1,j},  G_tj = alpha_t G_{t-1,j} + N_tj,   N_tt = G_tt = 1
  void build(const Vector<T>& alpha, const Vector<T>& eta, Index n) {
    set_zero();
    A[0] = N0[0] = 1;
    for (Index i = 0; i < n; ++i) {
      A[i + 1] = alpha[i] * A[i];
      N0[i + 1] = eta[i] * N0[i];
      B[i + 1] = alpha[i] * B[i] + N0[i + 1];
      N.row(i + 1).head(i) = eta[i] * N.row(i).head(i);
      G.row(i + 1).head(i) = alpha[i] * G.row(i).head(i) + N.row(i + 1).head(i);
      N(i + 1, i) = G(i + 1, i) = 1;
    }
  }

  /// The reverse of `build`, from the last token to the first: adds to dalpha and deta [n], and uses up d.
  void backward(const Vector<T>& alpha, const Vector<T>& eta, Index n, Responses& d, Vector<T>& dalpha, Vector<T>& deta) const {
    for (Index i = n - 1; i >= 0; --i) {
      d.N0[i + 1] += d.B[i + 1];
      d.N.row(i + 1).head(i) += d.G.row(i + 1).head(i);
      dalpha[i] += d.A[i + 1] * A[i] + d.B[i + 1] * B[i] + d.G.row(i + 1).head(i).dot(G.row(i).head(i));
      deta[i] += d.N0[i + 1] * N0[i] + d.N.row(i + 1).head(i).dot(N.row(i).head(i));

      d.A[i] += alpha[i] * d.A[i + 1];
      d.B[i] += alpha[i] * d.B[i + 1];
      d.G.row(i).head(i) += alpha[i] * d.G.row(i + 1).head(i);
      d.N0[i] += eta[i] * d.N0[i + 1];
      d.N.row(i).head(i) += eta[i] * d.N.row(i + 1).head(i);
    }
  }
};

}  // namespace deltanet
