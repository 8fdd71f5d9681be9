#pragma once

#include <type_traits>

#include "deltanet/core/tensor.hpp"

/// Explicit vectors: a thin name for Eigen's packets, so that the kernels follow whatever instruction set Eigen was compiled
/// for (SSE, AVX, AVX-512, NEON, ...) and fall back to scalars where there is none.

/// For lambdas on which a kernel's registers depend: as functions of their own they would pass packets through memory.
#ifdef __OPTIMIZE__
#define DELTANET_INLINE_LAMBDA __attribute__((always_inline))
#else
#define DELTANET_INLINE_LAMBDA
#endif

namespace deltanet {

/// The widest packet of `T`, and how kernels use it.
template <Real T>
struct Lanes {
  using Packet = typename Eigen::internal::packet_traits<T>::type;
  static constexpr Index size = Eigen::internal::unpacket_traits<Packet>::size;

  /// Columns of a panel: two packets, so that each broadcast of a left-hand entry feeds two multiply-adds.
  static constexpr Index panel = 2 * size;

  /// Rows of a register tile: all vector registers but four hold its two columns of packets.
  static constexpr int tile_rows = EIGEN_ARCH_DEFAULT_NUMBER_OF_REGISTERS >= 32 ? 12 : 6;

  static Packet load(const T* from) { return Eigen::internal::ploadu<Packet>(from); }
  static void store(T* to, const Packet& value) { Eigen::internal::pstoreu(to, value); }
  static Packet broadcast(T value) { return Eigen::internal::pset1<Packet>(value); }
  static Packet multiply(const Packet& a, const Packet& b) { return Eigen::internal::pmul(a, b); }
  /// a b + c, one rounding where the machine has it.
  static Packet multiply_add(const Packet& a, const Packet& b, const Packet& c) { return Eigen::internal::pmadd(a, b, c); }
  static T sum(const Packet& value) { return Eigen::internal::predux(value); }
};

/// A panel's width as a type: with it the compiler knows how far the rows of a panel lie apart.
template <Real T>
using PanelWidth = std::integral_constant<Index, Lanes<T>::panel>;

/// The smallest multiple of a packet's width that is at least `columns`.
template <Real T>
[[nodiscard]] constexpr Index whole_packets(Index columns) {
  return (columns + Lanes<T>::size - 1) / Lanes<T>::size * Lanes<T>::size;
}

/// The smallest multiple of a panel's width that is at least `columns`.
template <Real T>
[[nodiscard]] constexpr Index padded(Index columns) {
  return (columns + Lanes<T>::panel - 1) / Lanes<T>::panel * Lanes<T>::panel;
}

}  // namespace deltanet
