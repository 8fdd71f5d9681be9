#pragma once

#include <vector>

#include "deltanet/layers/tokens.hpp"

namespace deltanet {

/// The keys or values of the tokens of one sequence so far, [S, H, K], growing by tokens at a cost that does not depend on how
/// many there are. A value, and one tensor as a field of a parameter list.
template <Real T>
class TokenRows {
 public:
  TokenRows() = default;
  TokenRows(Index H, Index K) : shape_{0, H, K} {}

  [[nodiscard]] Index tokens() const { return shape_[0]; }
  [[nodiscard]] const std::array<Index, 3>& dimensions() const { return shape_; }
  [[nodiscard]] Index size() const { return static_cast<Index>(entries_.size()); }
  [[nodiscard]] T* data() { return entries_.data(); }
  [[nodiscard]] const T* data() const { return entries_.data(); }
  [[nodiscard]] View<const T, 3> view() const { return {entries_.data(), shape_}; }
  [[nodiscard]] View<T, 3> view() { return {entries_.data(), shape_}; }

  /// The number of tokens becomes `count`: further ones are zero.
  void resize(Index count) {
    shape_[0] = count;
    entries_.resize(static_cast<std::size_t>(count * width()));
  }

  /// Adds `count` tokens, [count, H, K].
  void append(const T* tokens, Index count) {
    entries_.insert(entries_.end(), tokens, tokens + count * width());
    shape_[0] += count;
  }

  /// Forgets the first `count` tokens.
  void drop(Index count) {
    entries_.erase(entries_.begin(), entries_.begin() + count * width());
    shape_[0] -= count;
  }

 private:
  [[nodiscard]] Index width() const { return shape_[1] * shape_[2]; }

  std::array<Index, 3> shape_{};
  detail::PoolVector<T> entries_;
};

}  // namespace deltanet
