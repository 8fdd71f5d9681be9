#pragma once

#include <Eigen/Core>
#include <array>
#include <concepts>
#include <cstdint>
#include <string_view>

/// The element types of safetensors files, and those of C++ that they are read into and written from.
namespace deltanet {

/// An element type of the format: its name and the bytes of one element.
struct DType {
  std::string_view name;
  std::uint64_t size;

  friend bool operator==(const DType&, const DType&) = default;
};

namespace detail {

inline constexpr std::array dtypes{DType{"F64", 8},     DType{"F32", 4}, DType{"F16", 2}, DType{"BF16", 2}, DType{"F8_E4M3", 1},
                                   DType{"F8_E5M2", 1}, DType{"I64", 8}, DType{"I32", 4}, DType{"I16", 2},  DType{"I8", 1},
                                   DType{"U64", 8},     DType{"U32", 4}, DType{"U16", 2}, DType{"U8", 1},   DType{"BOOL", 1}};

template <class T, class... Types>
concept one_of = (std::same_as<T, Types> || ...);

}  // namespace detail

/// Entries of weights; BF16 and F16 widen exactly to float and double.
template <class T>
concept RealElement = detail::one_of<T, double, float, Eigen::bfloat16, Eigen::half>;

/// Entries of tensors of whole numbers, such as token ids.
template <class T>
concept IntegerElement = detail::one_of<T, std::int64_t, std::int32_t>;

/// What tensors of a file can be read into and written from.
template <class T>
concept Element = RealElement<T> || IntegerElement<T>;

/// The format's type of an element.
template <Element T>
inline constexpr DType dtype_of{};
template <>
inline constexpr DType dtype_of<double>{"F64", 8};
template <>
inline constexpr DType dtype_of<float>{"F32", 4};
template <>
inline constexpr DType dtype_of<Eigen::bfloat16>{"BF16", 2};
template <>
inline constexpr DType dtype_of<Eigen::half>{"F16", 2};
template <>
inline constexpr DType dtype_of<std::int64_t>{"I64", 8};
template <>
inline constexpr DType dtype_of<std::int32_t>{"I32", 4};

namespace detail {

/// Whether a file's tensor of this type can be read into entries of type T: a number into a real one, a whole one into a whole
/// one.
template <Element T>
[[nodiscard]] constexpr bool readable_as(DType stored) {
  if constexpr (IntegerElement<T>) return stored == dtype_of<std::int64_t> || stored == dtype_of<std::int32_t>;
  return stored == dtype_of<double> || stored == dtype_of<float> || stored == dtype_of<Eigen::bfloat16> ||
         stored == dtype_of<Eigen::half>;
}

/// The types of `readable_as<T>`, for messages.
template <Element T>
inline constexpr std::string_view readable_types = IntegerElement<T> ? "I64 or I32" : "F64, F32, BF16 or F16";

/// Calls f.operator()<Stored>() for the C++ type of a stored type that is readable as T.
template <Element T, class F>
decltype(auto) with_stored_type(DType stored, const F& f) {
  eigen_assert(readable_as<T>(stored));
  if constexpr (IntegerElement<T>) {
    if (stored == dtype_of<std::int32_t>) return f.template operator()<std::int32_t>();
    return f.template operator()<std::int64_t>();
  } else {
    if (stored == dtype_of<Eigen::half>) return f.template operator()<Eigen::half>();
    if (stored == dtype_of<Eigen::bfloat16>) return f.template operator()<Eigen::bfloat16>();
    if (stored == dtype_of<float>) return f.template operator()<float>();
    return f.template operator()<double>();
  }
}

}  // namespace detail
}  // namespace deltanet
