#pragma once

#include <optional>

#include "deltanet/blocks/token_ranges.hpp"
#include "deltanet/core/random.hpp"
#include "deltanet/core/zeros.hpp"

/// Titans' persistent memory, arXiv 2501.00663, section 3.3: learnt tokens p_1 .. p_P, the same for every sequence, that do not
/// depend on what is read,
///
///   x~ = [p_1 .. p_P | x]                                                                                             (19)
namespace deltanet {

/// P tokens, zero; none at all for P = 0.
template <Real T>
[[nodiscard]] std::optional<Matrix<T>> persistent_tokens(Index P, Index D) {
  expect(P >= 0, "num_persistent_tokens: expected at least 0, got ", P);
  if (P == 0) return {};
  return Matrix<T>(Matrix<T>::Zero(P, D));
}

/// Draws them as large as tokens are that a norm has been over.
template <Real T>
void initialize_persistent_tokens(std::optional<Matrix<T>>& tokens, Random& random) {
  if (tokens) random.fill_normal(*tokens);
}

/// The tokens as a view; absent where there are none.
template <Real T>
[[nodiscard]] View<const T, 2> view_of(const std::optional<Matrix<T>>& tokens) {
  return tokens ? View<const T, 2>(tokens->data(), {tokens->rows(), tokens->cols()}) : View<const T, 2>();
}

namespace detail {

/// The same tokens [P, D] for each of N sequences, [N, P, D].
template <Real T>
[[nodiscard]] Tensor<T, 3> repeated(const Matrix<T>& tokens, Index N) {
  Tensor<T, 3> x(N, tokens.rows(), tokens.cols());
  for (Index n = 0; n < N; ++n) std::copy_n(tokens.data(), tokens.size(), x.data() + n * tokens.size());
  return x;
}

}  // namespace detail

/// A batch whose sequences begin with P persistent tokens: where the batch's own tokens lie among all.
template <Real T>
class WithPersistentTokens {
 public:
  /// For tokens x [B, T, D], cut as `sequences` says.
  WithPersistentTokens(Index P, const std::array<Index, 3>& shape, const Sequences& sequences) : P_(P), shape_(shape) {
    all_.cu_seqlens.push_back(0);
    for (const detail::Sequence& sequence : sequences.cut(shape[0], shape[1])) {
      const Index begin = all_.cu_seqlens.back() + P;
      own_.push_back({begin, begin + sequence.tokens()});
      all_.cu_seqlens.push_back(own_.back().end);
    }
  }

  /// How all tokens are cut.
  [[nodiscard]] const Sequences& sequences() const { return all_; }

  /// [p | x] for each sequence, [1, N P + B T, D].
  [[nodiscard]] Tensor<T, 3> join(const Matrix<T>& persistent, View<const T, 3> x) const {
    Tensor<T, 3> z = spread(x);
    for (const detail::Sequence& own : own_) rows(z).middleRows(own.begin - P_, P_) = persistent;
    return z;
  }
  /// The gradients of `join`, given that by what it returns: dx, and adds to dpersistent.
  [[nodiscard]] Tensor<T, 3> join_backward(const Tensor<T, 3>& dz, Matrix<T>& dpersistent) const {
    for (const detail::Sequence& own : own_) dpersistent += rows(dz).middleRows(own.begin - P_, P_);
    return own(dz);
  }

  /// The batch's own among all tokens: [1, N P + B T, D] -> [B, T, D].
  [[nodiscard]] Tensor<T, 3> own(const Tensor<T, 3>& z) const {
    Tensor<T, 3> x(shape_[0], shape_[1], z.dimension(2));
    const Tensor<T, 3> part = detail::gather<T>(z, own_);
    std::copy_n(part.data(), part.size(), x.data());
    return x;
  }
  /// The gradient of `own`: zeros at persistent tokens.
  [[nodiscard]] Tensor<T, 3> spread(View<const T, 3> dx) const {
    Tensor<T, 3> dz = zeros<T>(1, all_.cu_seqlens.back(), dx.shape[2]);
    detail::scatter<T>(dx, own_, dz);
    return dz;
  }

 private:
  Index P_;
  std::array<Index, 3> shape_;
  detail::PoolVector<detail::Sequence> own_;  // [N]
  Sequences all_;
};

/// What `forward(z, sequences)`, [1, M, D] -> [1, M, D'], says to the tokens x [B, T, D] after the persistent ones, where
/// sequences begin with x and there are persistent tokens; else forward(x, sequences). *joined, where it is not null, tells the
/// gradient which.
template <Real T, class Forward>
[[nodiscard]] Tensor<T, 3> after_persistent_tokens(const std::optional<Matrix<T>>& persistent, bool begins, View<const T, 3> x,
                                                   const Sequences& sequences, std::optional<WithPersistentTokens<T>>* joined,
                                                   const Forward& forward) {
  if (joined) joined->reset();
  if (!begins || !persistent) return forward(x, sequences);
  const WithPersistentTokens<T> all(persistent->rows(), x.shape, sequences);
  Tensor<T, 3> y = all.own(forward(all.join(*persistent, x), all.sequences()));
  if (joined) *joined = all;
  return y;
}

/// The gradients of `after_persistent_tokens`, given dy and that of `forward`, backward(dy) -> dz: returns dx, and adds to
/// *dpersistent, which may be null where nothing was joined.
template <Real T, class Backward>
[[nodiscard]] Tensor<T, 3> after_persistent_tokens_backward(const std::optional<WithPersistentTokens<T>>& joined,
                                                            View<const T, 3> dy, Matrix<T>* dpersistent,
                                                            const Backward& backward) {
  if (!joined) return backward(dy);
  return joined->join_backward(backward(joined->spread(dy)), *dpersistent);
}

}  // namespace deltanet
