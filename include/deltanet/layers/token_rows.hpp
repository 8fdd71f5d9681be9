#pragma once

#include <vector>

#include "deltanet/layers/tokens.hpp"

namespace deltanet {

/// The keys or values of all tokens so far, [S, B, H, K], growing by tokens at a cost that does not depend on how many there
/// are. A value, and one tensor as a field of a parameter list.
template <Real T>
class TokenRows {
 public:
  TokenRows() = default;
  TokenRows(Index B, Index H, Index K) : shape_{0, B, H, K} {}

  [[nodiscard]] Index tokens() const { return shape_[0]; }
  [[nodiscard]] const std::array<Index, 4>& dimensions() const { return shape_; }
  [[nodiscard]] Index size() const { return static_cast<Index>(entries_.size()); }
  [[nodiscard]] T* data() { return entries_.data(); }
  [[nodiscard]] const T* data() const { return entries_.data(); }
  [[nodiscard]] View<const T, 4> view() const { return {entries_.data(), shape_}; }

  /// The number of tokens becomes `count`: further ones are zero.
  void resize(Index count) {
    shape_[0] = count;
    entries_.resize(static_cast<std::size_t>(count * width()));
  }

  /// Adds the tokens of x [B, T, H, K].
  void append(View<const T, 4> x) {
    const Index before = tokens(), length = x.shape[1], row = shape_[2] * shape_[3];
    resize(before + length);
    for (Index b = 0; b < x.shape[0]; ++b)
      for (Index t = 0; t < length; ++t)
        std::copy_n(x.data + (b * length + t) * row, row, data() + ((before + t) * shape_[1] + b) * row);
  }

  /// Forgets the first `count` tokens.
  void drop(Index count) {
    entries_.erase(entries_.begin(), entries_.begin() + count * width());
    shape_[0] -= count;
  }

 private:
  [[nodiscard]] Index width() const { return shape_[1] * shape_[2] * shape_[3]; }

  std::array<Index, 4> shape_{};
  std::vector<T> entries_;
};

}  // namespace deltanet
