#pragma once

#include "deltanet/core/lane_sums.hpp"

/// Sums over the numbers of a row in an order that depends on nothing but their number: Eigen's begin at the first aligned
/// address.
namespace deltanet::detail {

/// Adds up `count` numbers' packets: add(sum, packet of x, ..) returns the next sum. After the last number come zeros.
template <Real T, class Add, class... X>
[[nodiscard]] EIGEN_ALWAYS_INLINE T sum_packets(Index count, const Add& add, const X*... x) {
  using L = Lanes<T>;
  constexpr Index size = L::size, sums = 4;  // so many that none waits for the one before
  typename L::Packet sum[sums];
  for (auto& packet : sum) packet = L::broadcast(T(0));
  Index i = 0;
  for (; i + sums * size <= count; i += sums * size)
    for (Index j = 0; j < sums; ++j) sum[j] = add(sum[j], L::load(x + i + j * size)...);
  for (Index j = 0; i < count; ++j, i += size) {
    const auto packet_of = [&](const T* from) {
      if (i + size <= count) return L::load(from + i);
      T padded[static_cast<std::size_t>(size)]{};
      std::copy_n(from + i, count - i, padded);
      return L::load(padded);
    };
    sum[j] = add(sum[j], packet_of(x)...);
  }
  const typename L::Packet total[] = {
      Eigen::internal::padd(Eigen::internal::padd(sum[0], sum[1]), Eigen::internal::padd(sum[2], sum[3]))};
  return Eigen::internal::pfirst(LaneSums<T>::template of<1>(total));
}

/// The sum of x [count].
template <Real T>
[[nodiscard]] T row_sum(const T* x, Index count) {
  using Packet = typename Lanes<T>::Packet;
  return sum_packets<T>(
      count, [](const Packet& sum, const Packet& a) { return Eigen::internal::padd(sum, a); }, x);
}

/// <x, y>, of `count` numbers each.
template <Real T>
[[nodiscard]] T row_dot(const T* x, const T* y, Index count) {
  using Packet = typename Lanes<T>::Packet;
  return sum_packets<T>(
      count, [](const Packet& sum, const Packet& a, const Packet& b) { return Lanes<T>::multiply_add(a, b, sum); }, x, y);
}

}  // namespace deltanet::detail
