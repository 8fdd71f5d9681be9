#pragma once

#include "deltanet/recurrence/blocks.hpp"

namespace deltanet::detail {

/// Rows of values of a block of tokens, one panel of columns after another. In the caller's tensors a head's rows lie far
/// apart, at distances that all fall into a few cache sets; here they lie together, and the caller's are read or written once,
/// end to end.
template <Real T>
class ValueBlock {
 public:
  static constexpr Index W = Lanes<T>::panel;

  ValueBlock(Index tokens, Index first_panel, Index end_panel, Index V)
      : tokens_(tokens), first_(first_panel), end_(end_panel), V_(V), entries_(Vector<T>::Zero(tokens * (end_ - first_) * W)) {}

  /// [tokens, W] of panel p, from a token on.
  [[nodiscard]] T* rows(Index p, Index token) { return entries_.data() + ((p - first_) * tokens_ + token) * W; }

  /// Calls f(p, column, columns, row) for each panel's part of a row; columns is a PanelWidth where the panel is whole.
  template <class F>
  void for_each_part(Index token, const F& f) {
    for (Index p = first_; p < end_; ++p) {
      if (const Index columns = std::min<Index>(W, V_ - p * W); columns == W) {
        f(p, p * W, PanelWidth<T>{}, rows(p, token));
      } else {
        f(p, p * W, columns, rows(p, token));
      }
    }
  }

  /// Reads the slice's columns of a token's row `from` [V].
  void load(Index token, const T* from) {
    for_each_part(token,
                  [&](Index, Index column, auto columns, T* row) { segment(row, columns) = segment(from + column, columns); });
  }

  /// Writes the slice's columns of a token's row `to` [V].
  void store(Index token, T* to) {
    for_each_part(token,
                  [&](Index, Index column, auto columns, T* row) { segment(to + column, columns) = segment(row, columns); });
  }

 private:
  Index tokens_, first_, end_, V_;
  Vector<T> entries_;
};

}  // namespace deltanet::detail
