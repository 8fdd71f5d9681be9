#pragma once

#include "deltanet/core/parameters.hpp"
#include "deltanet/core/zeros.hpp"
#include "deltanet/recurrence/open_chunk.hpp"
#include "deltanet/recurrence/scan.hpp"

namespace deltanet {

/// What a stream carries of N sequences read by the member M: their states after the last whole chunk of `default_chunk_size`
/// tokens, and the tokens since, which have been answered but not yet been written to the states. So a token costs one read of
/// its state, sixteen tokens one rewriting; and chunks begin at the same tokens however a text is cut into calls, which is why
/// the results of `streamed` do not depend on it.
///
/// Copy it to fork a stream, save it (io/state.hpp) to go on later. `settled` is the state as one matrix a head.
template <Real T, class M>
struct RecurrentState {
  Tensor<T, 4> recurrent_state;  // [N, HV, K, V]; with momentum [N, HV, 2 K, V]: the memory's rows, then the momentum's
  Tensor<T, 3> open_chunk;  // [N, HV, ..]: the writes U [C, V] of the tokens since, and their OpenBuilder's numbers, padded
  Vector<T> open_tokens;    // [N]: how many they are

  static constexpr auto fields() {
    using S = RecurrentState;
    return std::tuple{Field{"recurrent_state", &S::recurrent_state}, Field{"open_chunk", &S::open_chunk},
                      Field{"open_tokens", &S::open_tokens}};
  }

  /// Zeros: nothing was read yet.
  [[nodiscard]] static RecurrentState zero(Index N, Index HV, Index K, Index V) {
    return {zeros<T>(N, HV, M::state_rows(K), V), zeros<T>(N, HV, open_numbers(K, V)), Vector<T>::Zero(N)};
  }

  /// Throws std::invalid_argument unless it is that of N sequences of these sizes.
  void expect_sizes(Index N, Index HV, Index K, Index V) const {
    const Index rows = M::state_rows(K);
    expect_shape("recurrent_state", View<const T, 4>(recurrent_state),
                 {{"N", N}, {"HV", HV}, {rows == K ? "K" : "2K", rows}, {"V", V}});
    expect_shape("open_chunk", View<const T, 3>(open_chunk), {{"N", N}, {"HV", HV}, {"numbers", open_numbers(K, V)}});
    expect_shape("open_tokens", View<const T, 1>(open_tokens.data(), {open_tokens.size()}), {{"N", N}});
    for (const T tokens : open_tokens)
      expect(tokens >= 0 && tokens < default_chunk_size && tokens == std::trunc(tokens),
             "open_tokens: expected whole numbers from 0 to ", default_chunk_size - 1, ", got ", tokens);
  }

  /// How many tokens of sequence n wait to be written.
  [[nodiscard]] Index waiting(Index n) const { return static_cast<Index>(open_tokens[n]); }

  /// Writes what waits, so that recurrent_state is that after the last token. Chunks then begin here.
  void settle() {
    if (open_tokens.isZero(0)) return;
    const FlushToZero flush;
    const Index HV = recurrent_state.dimension(1), rows = recurrent_state.dimension(2), V = recurrent_state.dimension(3);
    typename M::template OpenBuilder<T> builder(default_chunk_size, rows / M::state_rows(1));
    for (Index i = 0; i < open_tokens.size() * HV; ++i) {
      if (waiting(i / HV) == 0) continue;
      const T* const open = open_chunk.data() + i * open_chunk.dimension(2);
      detail::write_open(builder.close(waiting(i / HV), open + default_chunk_size * V), open,
                         recurrent_state.data() + i * rows * V, V);
    }
    open_tokens.setZero();
  }

  /// The state [N, HV, K, V] (2 K rows with momentum) after the last token.
  [[nodiscard]] Tensor<T, 4> settled() const {
    RecurrentState copy = *this;
    copy.settle();
    return std::move(copy.recurrent_state);
  }

  /// Numbers of the open chunk of one head, rounded up to whole lines of the cache, so that all heads' begin at the same place
  /// of a line. The same on all machines.
  [[nodiscard]] static Index open_numbers(Index K, Index V) {
    return OpenRows<T>::whole(default_chunk_size * V + M::template OpenBuilder<T>::numbers(default_chunk_size, K));
  }
};

}  // namespace deltanet
