#pragma once

#include <vector>

#include "deltanet/core/check.hpp"

namespace deltanet {

namespace detail {

/// The tokens begin .. end - 1, counted over all rows of the batch, that share a state.
struct Sequence {
  Index begin, end;

  [[nodiscard]] Index tokens() const { return end - begin; }
};

}  // namespace detail

/// How the tokens [B, T] of a batch are cut into sequences, each with a state of its own. A value that goes with the tokens:
///
///   Sequences()                each of the B rows is one
///   Sequences{{0, 5, 5, 12}}   packed: B is 1, and sequence n is the tokens cu_seqlens[n] .. cu_seqlens[n + 1] - 1, possibly
///   none
///
/// To read a batch padded to a rectangle, see Padding (core/padding.hpp), which packs it.
struct Sequences {
  std::vector<Index> cu_seqlens{};

  [[nodiscard]] bool packed() const { return !cu_seqlens.empty(); }

  /// The number N of sequences in a batch [B, T]. Throws unless it can be cut so.
  [[nodiscard]] Index count(Index B, Index T) const {
    if (!packed()) return B;
    expect(B == 1, "cu_seqlens: expected B=1, all sequences packed into one row, got B=", B);
    expect(cu_seqlens.front() == 0 && cu_seqlens.back() == T, "cu_seqlens: expected to run from 0 to T=", T, ", got ",
           cu_seqlens.front(), " to ", cu_seqlens.back());
    for (std::size_t n = 1; n < cu_seqlens.size(); ++n)
      expect(cu_seqlens[n - 1] <= cu_seqlens[n], "cu_seqlens: expected non-decreasing ends, got ", cu_seqlens[n], " after ",
             cu_seqlens[n - 1]);
    return static_cast<Index>(cu_seqlens.size()) - 1;
  }

  /// The sequences of a batch [B, T] in order. Throws unless it can be cut so.
  [[nodiscard]] detail::PoolVector<detail::Sequence> cut(Index B, Index T) const {
    const Index N = count(B, T);
    detail::PoolVector<detail::Sequence> sequences;
    sequences.reserve(static_cast<std::size_t>(N));
    for (Index n = 0; n < N; ++n) {
      const auto i = static_cast<std::size_t>(n);
      sequences.push_back(packed() ? detail::Sequence{cu_seqlens[i], cu_seqlens[i + 1]} : detail::Sequence{n * T, (n + 1) * T});
    }
    return sequences;
  }
};

}  // namespace deltanet
