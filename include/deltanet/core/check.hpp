#pragma once

#include <initializer_list>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include "deltanet/core/tensor.hpp"

/// Checks for public doors. Each throws `std::invalid_argument` with a message that names the tensor, what was expected and
/// what came, such as "k: expected [B=2, T=7, H=4, K=16], got [2, 7, 4, 8]". Inner loops assert instead.
namespace deltanet {

/// An axis of an expected shape: its letter in the glossary and its extent.
struct Axis {
  std::string_view name;
  Index extent;
};

namespace detail {

template <class... Parts>
[[nodiscard]] std::string concat(const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  return text.str();
}

template <class Extents>
[[nodiscard]] std::string shape_text(const Extents& extents) {
  std::ostringstream text;
  text << '[';
  const char* separator = "";
  for (const Index extent : extents) {
    text << separator << extent;
    separator = ", ";
  }
  text << ']';
  return text.str();
}

[[nodiscard]] inline std::string axes_text(std::initializer_list<Axis> axes) {
  std::ostringstream text;
  text << '[';
  const char* separator = "";
  for (const Axis& axis : axes) {
    text << separator << axis.name << '=' << axis.extent;
    separator = ", ";
  }
  text << ']';
  return text.str();
}

}  // namespace detail

/// Throws `std::invalid_argument` with the parts of the message joined, unless `condition` holds.
template <class... Parts>
void expect(bool condition, const Parts&... parts) {
  if (!condition) throw std::invalid_argument(detail::concat(parts...));
}

/// Throws unless `view` has exactly the shape `axes`.
template <class T, int N>
void expect_shape(std::string_view name, const View<T, N>& view, std::initializer_list<Axis> axes) {
  bool same = axes.size() == static_cast<std::size_t>(N);
  for (std::size_t i = 0; same && i < axes.size(); ++i) same = view.shape[i] == axes.begin()[i].extent;
  if (same) return;  // before any text is made: steps of a few microseconds come through here
  throw std::invalid_argument(
      detail::concat(name, ": expected ", detail::axes_text(axes), ", got ", detail::shape_text(view.shape)));
}

/// Whether all entries are finite numbers. One pass over memory; x * 0 is 0 for finite x alone.
template <Real T>
[[nodiscard]] bool all_finite(const T* entries, Index count) {
  return count == 0 || (VectorMap<const T>(entries, count).array() * T(0)).sum() == T(0);
}

/// Throws unless every entry is a finite number.
template <class T, int N>
  requires Real<std::remove_const_t<T>>
void expect_finite(std::string_view name, const View<T, N>& view) {
  if (all_finite<std::remove_const_t<T>>(view.data, view.size())) return;
  for (Index i = 0; i < view.size(); ++i)
    expect(all_finite<std::remove_const_t<T>>(view.data + i, 1), name, ": expected finite numbers, got ", view.data[i],
           " at flat index ", i);
}

/// Throws unless low <= value <= high.
template <class Number>
void expect_range(std::string_view name, Number value, Number low, Number high) {
  expect(value >= low && value <= high, name, ": expected a value in [", low, ", ", high, "], got ", value);
}

}  // namespace deltanet
