#pragma once

#include <algorithm>
#include <chrono>
#include <map>

#include "deltanet/core/packet.hpp"
#include "deltanet/core/threads.hpp"

/// The bound that benchmarks are compared with: the machine's multiply-add rate, measured in the same process.
namespace deltanet::bench {

namespace detail {

/// Enough independent sums to hide the latency of a multiply-add; they and the factor fit 16 vector registers.
inline constexpr std::size_t accumulators = 12;

/// `rounds` multiply-adds on every accumulator, in registers alone. x + x * factor cannot be hoisted, a factor far under
/// epsilon keeps x where it is, and the compiler does not learn that.
template <Real T>
EIGEN_DONT_INLINE T multiply_adds(Index rounds) {
  using L = Lanes<T>;
  return [&]<std::size_t... i>(std::index_sequence<i...>) {
    const volatile T unknown = static_cast<T>(1e-20);
    const auto factor = L::broadcast(unknown);
    typename L::Packet x[] = {L::broadcast(static_cast<T>(i + 1))...};
    for (Index round = 0; round < rounds; ++round) ((x[i] = L::multiply_add(x[i], factor, x[i])), ...);
    return (L::sum(x[i]) + ...);
  }
  (std::make_index_sequence<accumulators>{});
}

/// GFLOP/s of one run of about 10 ms on `threads` threads.
template <Real T>
double measure_peak(int threads) {
  constexpr Index rounds = 2'000'000;
  Vector<T> sums = Vector<T>::Zero(threads);
  const auto start = std::chrono::steady_clock::now();
  parallel_for(threads, [&](Index i) { sums[i] = multiply_adds<T>(rounds); });
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  expect(sums.allFinite(), "multiply-add peak: expected finite sums");
  const double flops = 2.0 * static_cast<double>(Lanes<T>::size * static_cast<Index>(accumulators) * rounds * threads);
  return 1e-9 * flops / seconds.count();
}

}  // namespace detail

/// The multiply-add peak of `threads` threads in GFLOP/s: the best of all runs so far, ten of them now. Expects
/// num_threads() == threads.
template <Real T>
double fma_peak_gflops(int threads) {
  static std::map<int, double> best;
  for (int i = 0; i < 10; ++i) best[threads] = std::max(best[threads], detail::measure_peak<T>(threads));
  return best[threads];
}

}  // namespace deltanet::bench
