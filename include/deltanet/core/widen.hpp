#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "deltanet/core/packet.hpp"

#if defined(__AVX2__) || defined(__F16C__)
#include <immintrin.h>
#endif

/// Loading 16-bit floats as packets of float or double, which hold them exactly.
namespace deltanet::detail {

/// One number of this or another type.
template <Real T, class Stored>
[[nodiscard]] EIGEN_ALWAYS_INLINE T widened(Stored number) {
  if constexpr (std::is_same_v<Stored, T>)
    return number;
  else
    return static_cast<T>(static_cast<float>(number));
}

/// `N` numbers side by side, in the compiler's own vectors: on any processor, if need be as several registers.
template <class Number, Index N>
struct VectorOf {
  using type [[gnu::vector_size(sizeof(Number) * static_cast<std::size_t>(N))]] = Number;
};
template <Index N>
using Floats = typename VectorOf<float, N>::type;
template <Index N>
using Words = typename VectorOf<std::uint32_t, N>::type;

/// The 16-bit patterns at `from`, each in 32 bits.
template <Index N>
[[nodiscard]] EIGEN_ALWAYS_INLINE Words<N> load_words(const void* from) {
#ifdef __AVX512F__  // g++ 12 makes two halves of a conversion that is one instruction
  if constexpr (N == 16)
    return std::bit_cast<Words<N>>(_mm512_cvtepu16_epi32(_mm256_loadu_si256(static_cast<const __m256i*>(from))));
#endif
#ifdef __AVX2__
  if constexpr (N == 8)
    return std::bit_cast<Words<N>>(_mm256_cvtepu16_epi32(_mm_loadu_si128(static_cast<const __m128i*>(from))));
#endif
  typename VectorOf<std::uint16_t, N>::type bits;
  std::memcpy(&bits, from, sizeof(bits));
  return __builtin_convertvector(bits, Words<N>);
}

/// A BF16 is the upper half of a float.
template <Index N>
[[nodiscard]] EIGEN_ALWAYS_INLINE Floats<N> load_floats(const Eigen::bfloat16* from) {
  return std::bit_cast<Floats<N>>(load_words<N>(from) << 16);
}

/// An F16's exponent and mantissa, moved to where float has them, make a number that is 2^112 times too small, subnormal or
/// not; infinities and NaN, which come out as 65536 and more, get float's largest exponent.
template <Index N>
[[nodiscard]] EIGEN_ALWAYS_INLINE Floats<N> load_floats(const Eigen::half* from) {
#ifdef __AVX512F__
  if constexpr (N == 16)
    return std::bit_cast<Floats<N>>(_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from))));
#endif
#ifdef __F16C__
  if constexpr (N == 8)
    return std::bit_cast<Floats<N>>(_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))));
#endif
  const Words<N> bits = load_words<N>(from), magnitude = (bits & 0x7fff) << 13;
  const Words<N> not_finite = std::bit_cast<Words<N>>(magnitude >= (0x7c00u << 13)) & 0x7f800000u;
  const Floats<N> number = std::bit_cast<Floats<N>>(magnitude) * 0x1p112f;
  return std::bit_cast<Floats<N>>(std::bit_cast<Words<N>>(number) | not_finite | ((bits & 0x8000) << 16));
}

/// A packet of T from numbers of this or another type.
template <Real T, class Stored>
[[nodiscard]] EIGEN_ALWAYS_INLINE typename Lanes<T>::Packet load_widened(const Stored* from) {
  using Packet = typename Lanes<T>::Packet;
  constexpr Index N = Lanes<T>::size;
  if constexpr (std::is_same_v<Stored, T>)
    return Lanes<T>::load(from);
  else if constexpr (N == 1)
    return widened<T>(*from);
  else if constexpr (std::is_same_v<T, float>)
    return std::bit_cast<Packet>(load_floats<N>(from));
  else
    return std::bit_cast<Packet>(__builtin_convertvector(load_floats<N>(from), typename VectorOf<T, N>::type));
}

}  // namespace deltanet::detail
