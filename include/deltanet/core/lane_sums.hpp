#pragma once

#include <algorithm>
#include <bit>
#include <utility>

#include "deltanet/core/widen.hpp"

/// Sums over the lanes of packets, in one order: a packet is folded in halves until one number is left.
namespace deltanet::detail {

/// Sums as many packets at once as a packet has lanes: each fold of two packets fills one, so that a packet costs about three
/// instructions, where it costs a dozen alone.
template <Real T>
class LaneSums {
  using Packet = typename Lanes<T>::Packet;
  static constexpr int N = static_cast<int>(Lanes<T>::size);
  static constexpr int lane = std::min(N, static_cast<int>(16 / sizeof(T)));  // what most shuffles stay within
  using Numbers = typename VectorOf<T, N>::type;

 public:
  /// The sum of each of the packets, in their order; zeros after the last. 1 <= count <= Lanes<T>::size.
  template <int count>
  [[nodiscard]] static EIGEN_ALWAYS_INLINE Packet of(const Packet* packets) {
    if constexpr (N == 1)
      return packets[0];
    else
      return std::bit_cast<Packet>(folded<1, 0, count>(packets));
  }

 private:
  /// Packets from `first` on, folded until parts of `half` numbers are left of each.
  template <int half, int first, int count>
  static EIGEN_ALWAYS_INLINE Numbers folded(const Packet* packets) {
    if constexpr (first >= count) {
      return Numbers{};
    } else if constexpr (half == N) {
      return std::bit_cast<Numbers>(packets[first]);
    } else {
      // which two meet is such that the sums come out in order
      constexpr int step = 2 * half > lane ? lane * N / (2 * half) : lane / (2 * half);
      return fold<half>(folded<2 * half, first, count>(packets), folded<2 * half, first + step, count>(packets));
    }
  }

  /// The lower halves of all parts of 2 half numbers plus their upper halves: those of a before those of b, in every lane of 16
  /// bytes where parts are that small.
  template <int half>
  static EIGEN_ALWAYS_INLINE Numbers fold(const Numbers& a, const Numbers& b) {
    constexpr std::make_integer_sequence<int, N> all;
    return pick<half, 0>(a, b, all) + pick<half, half>(a, b, all);
  }
  template <int half, int offset, int... i>
  static EIGEN_ALWAYS_INLINE Numbers pick(const Numbers& a, const Numbers& b, std::integer_sequence<int, i...>) {
    return __builtin_shufflevector(a, b, source<half>(i) + offset...);
  }
  /// Where number i of the lower halves lies in (a, b).
  template <int half>
  static constexpr int source(int i) {
    constexpr int group = 2 * half > lane ? N : lane;
    const int in_group = i % group, from_b = in_group >= group / 2, place = in_group % (group / 2);
    return from_b * N + i / group * group + place / half * 2 * half + place % half;
  }
};

}  // namespace deltanet::detail
