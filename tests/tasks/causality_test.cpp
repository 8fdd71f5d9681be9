#include "deltanet/tasks/causality.hpp"

#include <cmath>

#include "deltanet/core/zeros.hpp"
#include "support/catch.hpp"

using namespace deltanet;

namespace {

/// Sums of the tokens up to `ahead` positions later.
Tensor<double, 3> sums(const Tensor<std::int32_t, 2>& tokens, Index ahead) {
  const Index B = tokens.dimension(0), T = tokens.dimension(1);
  Tensor<double, 3> logits = zeros<double>(B, T, 2);
  for (Index b = 0; b < B; ++b)
    for (Index t = 0; t < T; ++t)
      for (Index seen = 0; seen < std::min(T, t + ahead + 1); ++seen) logits(b, t, 1) += tokens(b, seen);
  return logits;
}

}  // namespace

TEST_CASE("a predictor that looks ahead, however little, is caught", "[tasks]") {
  Tensor<std::int32_t, 2> tokens(2, 9);
  Random random(1);
  for (Index i = 0; i < tokens.size(); ++i) tokens.data()[i] = static_cast<std::int32_t>(random.below(5));
  const auto ahead = [](Index steps) { return [steps](const Tensor<std::int32_t, 2>& read) { return sums(read, steps); }; };
  CHECK_FALSE(find_causality_leak(ahead(0), tokens, 5, random));
  for (const Index steps : {1, 2, 8}) {
    const auto leak = find_causality_leak(ahead(steps), tokens, 5, random, 1);
    REQUIRE(leak);
    CHECK(leak->changed == 8);
    CHECK(leak->predicted == 8 - steps);
  }
}

TEST_CASE("a leak at one position alone, in one sequence alone, is caught", "[tasks]") {
  Tensor<std::int32_t, 2> tokens = zeros<std::int32_t>(3, 6);
  Random random(2);
  const auto predict = [](const Tensor<std::int32_t, 2>& read) {
    Tensor<std::int32_t, 2> said = read;
    said(1, 0) = read(1, 1);
    return said;
  };
  const auto leak = find_causality_leak(predict, tokens, 2, random, 2);
  REQUIRE(leak);
  CHECK(leak->sequence == 1);
  CHECK(leak->predicted == 0);
  CHECK(leak->changed == 1);
}

TEST_CASE("a predictor of numbers is watched too, and may say nothing finite", "[tasks]") {
  Tensor<double, 3> inputs = zeros<double>(2, 5, 3);
  Random random(3);
  const RegressionPredictor same = [](View<const double, 3> read) {
    Tensor<double, 3> said(read.shape);
    rows(said) = read.rows();
    said(0, 0, 0) = std::nan("");
    return said;
  };
  const RegressionPredictor mean = [&](View<const double, 3> read) {
    Tensor<double, 3> said = same(read);
    said(1, 2, 1) = read.rows().mean();
    return said;
  };
  CHECK_FALSE(find_causality_leak(same, inputs, random));
  const auto leak = find_causality_leak(mean, inputs, random);
  REQUIRE(leak);
  CHECK(leak->sequence == 1);
  CHECK(leak->predicted == 2);
  CHECK_THROWS_WITH(find_causality_leak(same, Tensor<double, 3>(zeros<double>(1, 1, 1)), random),
                    "inputs: expected at least 2 positions, got 1");
}
