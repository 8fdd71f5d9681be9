#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "deltanet/core/check.hpp"
#include "deltanet/core/random.hpp"

/// Draws that the tasks share. Those of the standard library differ from one implementation to another.
namespace deltanet {

/// `count` different numbers in [0, bound), in random order. O(bound).
inline std::vector<Index> draw_distinct(Random& random, Index count, Index bound) {
  expect(count >= 0 && count <= bound, "count: expected at most ", bound, " different numbers, got ", count);
  std::vector<Index> numbers(static_cast<std::size_t>(bound));
  std::iota(numbers.begin(), numbers.end(), Index(0));
  for (Index i = 0; i < count; ++i)
    std::swap(numbers[static_cast<std::size_t>(i)], numbers[static_cast<std::size_t>(i + random.below(bound - i))]);
  numbers.resize(static_cast<std::size_t>(count));
  return numbers;
}

/// `count` different places in [0, weights.size()), one after the other, each with a probability in proportion to its weight
/// among those left. As NumPy's choice(replace=False, p=weights).
///
/// The first `count` of the clocks that ring after an exponential time of rate weight (Efraimidis and Spirakis, 2006).
/// O(n log n).
inline std::vector<Index> draw_distinct(Random& random, Index count, const std::vector<double>& weights) {
  const auto size = static_cast<Index>(weights.size());
  expect(count >= 0 && count <= size, "count: expected at most ", size, " different places, got ", count);
  std::vector<std::pair<double, Index>> clocks;
  for (Index i = 0; i < size; ++i)
    clocks.emplace_back(-std::log(1 - random.uniform()) / weights[static_cast<std::size_t>(i)], i);
  std::partial_sort(clocks.begin(), clocks.begin() + count, clocks.end());
  std::vector<Index> places;
  for (Index i = 0; i < count; ++i) places.push_back(clocks[static_cast<std::size_t>(i)].second);
  return places;
}

/// One of the entries.
template <class T>
const T& draw_one(Random& random, const std::vector<T>& entries) {
  return entries[static_cast<std::size_t>(random.below(static_cast<Index>(entries.size())))];
}

/// True with this probability.
inline bool draw_chance(Random& random, double probability) { return random.uniform() < probability; }

/// `count` places in [0, bound), some of them maybe the same, from left to right.
inline std::vector<Index> draw_sorted(Random& random, Index count, Index bound) {
  std::vector<Index> places(static_cast<std::size_t>(count));
  for (Index& place : places) place = random.below(bound);
  std::sort(places.begin(), places.end());
  return places;
}

}  // namespace deltanet
