#pragma once

#include <algorithm>
#include <functional>
#include <vector>

#include "deltanet/core/parameters.hpp"
#include "deltanet/core/threads.hpp"

namespace deltanet::detail {

/// At most this many entries of one tensor make a piece; a constant, so that sums do not depend on the number of threads.
inline constexpr Index piece_size = 16384;

/// Entries [begin, begin + size) of a tensor.
template <class T>
VectorMap<T> slice(const TensorSpan<T>& tensor, Index begin, Index size) {
  return VectorMap<T>(tensor.data + begin, size);
}

/// The pieces of a parameter list, each together with the same piece of other lists of the same shapes.
class Pieces {
 public:
  /// Prepares the calls f(piece, weight_decay, entries, entries...), one for each piece of `first`, where the entries are
  /// vector maps. f and the lists are referred to: they must outlive this object.
  template <class F, Parameters First, Parameters... Rest>
  Pieces(const F& f, First& first, Rest&... rest) {
    const auto cut = [&](const TensorInfo& info, const auto& tensor, const auto&... tensors) {
      for (Index begin = 0; begin < tensor.size(); begin += piece_size) {
        const Index size = std::min(piece_size, tensor.size() - begin);
        calls_.push_back([&f, piece = count(), decay = info.weight_decay, entries = slice(tensor, begin, size),
                          ... others = slice(tensors, begin, size)]() mutable { f(piece, decay, entries, others...); });
      }
    };
    for_each_tensor(cut, first, rest...);
  }

  [[nodiscard]] Index count() const { return static_cast<Index>(calls_.size()); }

  /// Makes the calls, in parallel.
  void run() const {
    parallel_for(count(), [&](Index i) { calls_[static_cast<std::size_t>(i)](); });
  }

 private:
  std::vector<std::function<void()>> calls_;
};

/// Calls f(piece, weight_decay, entries, entries...) in parallel for each piece of `first` and the same piece of `rest`.
template <class F, Parameters First, Parameters... Rest>
void for_each_piece(const F& f, First& first, Rest&... rest) {
  Pieces(f, first, rest...).run();
}

}  // namespace deltanet::detail
