#include "deltanet/core/lane_sums.hpp"

#include <array>

#include "deltanet/core/random.hpp"
#include "support/catch.hpp"
#include "support/tolerance.hpp"

namespace deltanet::test {

namespace {

/// Numbers [count, lanes], and their sums by folding each row in halves.
template <Real T>
struct Folded {
  Matrix<T> numbers;
  std::array<T, static_cast<std::size_t>(Lanes<T>::size)> sums{};

  explicit Folded(Index count) : numbers(count, Lanes<T>::size) {
    Random(static_cast<std::uint64_t>(count)).fill_normal(numbers);
    for (Index i = 0; i < count; ++i) {
      Vector<T> row = numbers.row(i);
      for (Index half = row.size() / 2; half > 0; half /= 2)
        for (Index j = 0; j < half; ++j) row[j] += row[half + j];
      sums[static_cast<std::size_t>(i)] = row[0];
    }
  }
};

template <Real T, int count>
void sums_are_folded() {
  CAPTURE(count);
  using L = Lanes<T>;
  const Folded<T> expected(count);
  typename L::Packet packets[count];
  for (int i = 0; i < count; ++i) packets[i] = L::load(expected.numbers.row(i).data());
  std::array<T, static_cast<std::size_t>(L::size)> sums;
  L::store(sums.data(), detail::LaneSums<T>::template of<count>(packets));
  CHECK(sums == expected.sums);
}

}  // namespace

TEMPLATE_TEST_CASE("lane sums fold every packet in halves, and come out in order", "[core]", float, double) {
  [&]<int... i>(std::integer_sequence<int, i...>) { (sums_are_folded<TestType, i + 1>(), ...); }
  (std::make_integer_sequence<int, static_cast<int>(Lanes<TestType>::size)>{});
}

}  // namespace deltanet::test
