#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <optional>

#include "deltanet/io/dtype.hpp"

/// Entries of a file as entries of another type.
namespace deltanet::detail {

/// A number as C++ computes with it: 16 bits as float, which holds them exactly.
template <Element T>
[[nodiscard]] auto computed(T value) {
  if constexpr (sizeof(T) == 2)
    return static_cast<float>(value);
  else
    return value;
}

/// Whether `value` as T is `value`, or rounded: not where a finite number would become infinite, or a whole one wrap around.
template <Element T, class Number>
[[nodiscard]] bool in_range(Number value) {
  if constexpr (IntegerElement<T>)
    return value >= std::numeric_limits<T>::min() && value <= std::numeric_limits<T>::max();
  else
    return !std::isfinite(value) || std::isfinite(computed(static_cast<T>(value)));
}

/// Whether every finite Stored is in the range of T.
template <Element T, Element Stored>
inline constexpr bool widens = std::same_as<T, double> || std::same_as<T, std::int64_t> || std::same_as<T, Stored> ||
                               (std::same_as<T, float> && sizeof(Stored) == 2) ||
                               (std::same_as<T, Eigen::bfloat16> && std::same_as<Stored, Eigen::half>);

/// Calls f(pointer, count) for pieces of `count` entries that begin at any address, aligned or not; stops when it returns
/// false.
template <Element Stored, class F>
void for_each_piece(const std::byte* from, std::size_t count, const F& f) {
  std::array<Stored, 2048> piece;
  for (std::size_t first = 0; first < count; first += piece.size()) {
    const std::size_t entries = std::min(piece.size(), count - first);
    std::memcpy(piece.data(), from + first * sizeof(Stored), entries * sizeof(Stored));
    if (!f(piece.data(), entries)) return;
  }
}

/// The first of `count` entries that is beyond the range of T, or nothing.
template <Element T, Element Stored>
[[nodiscard]] auto out_of_range(const std::byte* from, std::size_t count) {
  std::optional<decltype(computed(Stored{}))> found;
  if constexpr (!widens<T, Stored>)
    for_each_piece<Stored>(from, count, [&](const Stored* entries, std::size_t n) {
      for (std::size_t i = 0; i < n && !found; ++i)
        if (!in_range<T>(computed(entries[i]))) found = computed(entries[i]);
      return !found;
    });
  return found;
}

/// Copies `count` entries, all in the range of T; a real one that T lacks is rounded to the nearest (F64 to 16 bits through
/// float).
template <Element T, Element Stored>
void convert(const std::byte* from, std::size_t count, T* to) {
  if constexpr (std::same_as<T, Stored>) {
    if (count > 0) std::memcpy(to, from, count * sizeof(T));
  } else {
    for_each_piece<Stored>(from, count, [&](const Stored* entries, std::size_t n) {
      to = std::transform(entries, entries + n, to, [](Stored entry) { return static_cast<T>(computed(entry)); });
      return true;
    });
  }
}

}  // namespace deltanet::detail
