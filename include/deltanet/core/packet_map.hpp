#pragma once

#include <algorithm>
#include <utility>

#include "deltanet/core/packet.hpp"

/// Functions entry by entry whose results depend on nothing but their arguments. An assignment between Eigen's arrays gives
/// what lies before the first aligned address and after the last whole packet to scalar functions, which round exp otherwise.
namespace deltanet::detail {

/// `map_packets` for a whole number of packets. One function for all of a map's packets, never inlined: in two copies of a
/// loop's body compilers may contract a b + c differently.
template <class F, Real T, class... X>
EIGEN_DONT_INLINE void map_whole_packets(Index count, T* y, const F& f, const X*... x) {
  using Entries = Eigen::Array<T, static_cast<int>(Lanes<T>::size), 1>;
  for (Index i = 0; i < count; i += Lanes<T>::size) {
    const Entries result = f(Eigen::Map<const Entries>(x + i)...);
    Lanes<T>::store(y + i, Lanes<T>::load(result.data()));
  }
}

/// y_i = f(x_i, ..) for `count` numbers. f takes arrays as wide as a packet and returns an array expression; the numbers after
/// the last whole packet are padded with zeros to one. y may be one of the x.
template <class F, Real T, class... X>
void map_packets(Index count, T* y, const F& f, const X*... x) {
  static_assert(sizeof...(X) > 0 && (std::is_same_v<X, T> && ...), "map_packets: expected inputs of the output's type");
  constexpr Index size = Lanes<T>::size;
  const Index rest = count % size, whole = count - rest;
  map_whole_packets(whole, y, f, x...);
  if (rest == 0) return;
  T padded[sizeof...(X)][static_cast<std::size_t>(size)]{}, result[static_cast<std::size_t>(size)];
  [&]<std::size_t... j>(std::index_sequence<j...>) {
    (std::copy_n(x + whole, rest, padded[j]), ...);
    map_whole_packets(size, result, f, static_cast<const X*>(padded[j])...);
  }
  (std::index_sequence_for<X...>{});
  std::copy_n(result, rest, y + whole);
}

}  // namespace deltanet::detail
