#pragma once

#include <algorithm>
#include <numeric>

#include "deltanet/tasks/draw.hpp"
#include "deltanet/tasks/task.hpp"

namespace deltanet {

/// A finite group as its table: product[a * order + b] is a, and then b.
struct Group {
  std::string name;
  Index order = 0;
  std::vector<std::int32_t> product;  // [order, order]; element 0 is the identity

  [[nodiscard]] std::int32_t multiply(std::int32_t a, std::int32_t b) const {
    return product[static_cast<std::size_t>(a * order + b)];
  }
};

/// Addition modulo m: m = 2 is parity.
inline Group cyclic_group(Index m) {
  expect(m > 1, "m: expected at least 2, got ", m);
  Group group{detail::concat("Z", m), m, {}};
  for (Index a = 0; a < m; ++a)
    for (Index b = 0; b < m; ++b) group.product.push_back(static_cast<std::int32_t>((a + b) % m));
  return group;
}

/// All permutations of n things, n in 2 .. 6, numbered in lexicographic order. In S3, the smallest group where order
/// counts, and in S4 words can be followed by circuits of constant depth with counting gates (TC0); in S5, which is not
/// solvable, they cannot, unless TC0 is NC1.
inline Group symmetric_group(Index n) {
  expect_range<Index>("n", n, 2, 6);
  std::vector<Index> permutation(static_cast<std::size_t>(n));
  std::iota(permutation.begin(), permutation.end(), Index(0));
  std::vector<std::vector<Index>> elements;
  do elements.push_back(permutation);
  while (std::next_permutation(permutation.begin(), permutation.end()));

  Group group{detail::concat("S", n), static_cast<Index>(elements.size()), {}};
  for (const auto& a : elements)
    for (const auto& b : elements) {
      for (std::size_t i = 0; i < permutation.size(); ++i) permutation[i] = b[static_cast<std::size_t>(a[i])];  // a, and then b
      group.product.push_back(
          static_cast<std::int32_t>(std::lower_bound(elements.begin(), elements.end(), permutation) - elements.begin()));
    }
  return group;
}

/// How a word over a group is asked about.
struct StateTrackingConfig {
  Group group = cyclic_group(2);
  bool every_position = true;  // the product so far; else at the end alone, as Grazzi et al. ask for parity
};

/// Words of random elements of a group; asked for is their product so far. Whether a recurrence can track a state: parity takes
/// an eigenvalue of -1 (beta up to 2), S3 two Householder steps a token, S5 four (DeltaProduct, 2502.10297).
///
///   tokens   g1 g2    g3          ..
///   targets  g1 g1*g2 g1*g2*g3    ..        g1 first, and then g2
///
/// As in DeltaProduct's state_tracking/generate_data.py (--group S3) and, for parity, Grazzi et al. (2411.12537), who train at
/// lengths 3 to 40 and test at 40 to 256. Tokens [B, T] in [0, order). O(B T).
inline TaskBatch state_tracking(const StateTrackingConfig& config, Random& random, Index batch, Index length) {
  TaskBatch result = empty_task_batch(batch, length);
  for (Index b = 0; b < batch; ++b) {
    std::int32_t state = 0;
    for (Index t = 0; t < length; ++t) {
      const auto element = static_cast<std::int32_t>(random.below(config.group.order));
      state = config.group.multiply(state, element);
      result.tokens(b, t) = element;
      if (config.every_position || t + 1 == length) result.targets(b, t) = state;
    }
  }
  return result;
}

/// state_tracking as a task; chance is 1 / order.
inline TokenTask state_tracking_task(const std::string& name, const StateTrackingConfig& config, Index train_length,
                                     const std::vector<Index>& test_lengths) {
  return {.name = name,
          .description = "elements of the group " + config.group.name + ": say their product so far",
          .source = "DeltaProduct (arXiv 2502.10297), generate_data.py; Grazzi et al. (arXiv 2411.12537)",
          .vocab_size = config.group.order,
          .train_length = train_length,
          .test_lengths = test_lengths,
          .chance = 1 / static_cast<double>(config.group.order),
          .generate = with_settings(config, state_tracking)};
}

}  // namespace deltanet
