#include "deltanet/core/widen.hpp"

#include <array>
#include <cmath>

#include "support/catch.hpp"

namespace deltanet::test {

namespace {

/// How many of all 16-bit patterns a packet's load and a single number's conversion widen to something else than Eigen does.
template <Real T, class Stored>
int count_wrong() {
  constexpr auto size = static_cast<std::size_t>(Lanes<T>::size);
  int wrong = 0;
  for (std::uint32_t first = 0; first < 65536; first += size) {
    std::array<Stored, size> stored;
    for (std::size_t i = 0; i < size; ++i) stored[i] = Eigen::numext::bit_cast<Stored>(static_cast<std::uint16_t>(first + i));
    std::array<T, size> numbers;
    Lanes<T>::store(numbers.data(), detail::load_widened<T>(stored.data()));
    for (std::size_t i = 0; i < size; ++i) {
      const T expected = static_cast<T>(static_cast<float>(stored[i])), single = detail::widened<T>(stored[i]);
      const bool same = std::isnan(expected) ? std::isnan(numbers[i]) && std::isnan(single)
                                             : numbers[i] == expected && single == expected &&
                                                   std::signbit(numbers[i]) == std::signbit(expected);
      if (!same) ++wrong;
    }
  }
  return wrong;
}

/// The same without the processor's instructions for it.
template <Index N>
int count_wrong_without_instructions() {
  int wrong = 0;
  for (std::uint32_t first = 0; first < 65536; first += N) {
    std::array<Eigen::half, N> stored;
    for (std::uint32_t i = 0; i < N; ++i)
      stored[i] = Eigen::numext::bit_cast<Eigen::half>(static_cast<std::uint16_t>(first + i));
    const auto numbers = detail::load_floats<N>(stored.data());
    for (std::uint32_t i = 0; i < N; ++i) {
      const auto expected = static_cast<float>(stored[i]);
      if (std::isnan(expected) ? !std::isnan(numbers[i]) : numbers[i] != expected) ++wrong;
    }
  }
  return wrong;
}

}  // namespace

TEST_CASE("every 16-bit float widens exactly, subnormal, infinite and NaN ones included", "[core]") {
  CHECK(count_wrong<float, Eigen::bfloat16>() == 0);
  CHECK(count_wrong<float, Eigen::half>() == 0);
  CHECK(count_wrong<double, Eigen::bfloat16>() == 0);
  CHECK(count_wrong<double, Eigen::half>() == 0);
  CHECK(count_wrong_without_instructions<4>() == 0);
}

TEST_CASE("a packet of the type itself is loaded as it is", "[core]") {
  std::array<float, static_cast<std::size_t>(Lanes<float>::size)> from, to;
  for (std::size_t i = 0; i < from.size(); ++i) from[i] = static_cast<float>(i) + 0.1f;
  Lanes<float>::store(to.data(), detail::load_widened<float>(from.data()));
  CHECK(to == from);
  CHECK(detail::widened<double>(0.1) == 0.1);
}

}  // namespace deltanet::test
