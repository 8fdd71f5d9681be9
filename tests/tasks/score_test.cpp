#include "deltanet/tasks/score.hpp"

#include <limits>

#include "support/catch.hpp"

using namespace deltanet;

TEST_CASE("a score counts asked positions, and sequences that are right as a whole", "[tasks]") {
  Tensor<std::int32_t, 2> predicted(3, 3), targets(3, 3);
  predicted.setValues({{1, 2, 3}, {1, 2, 3}, {1, 2, 3}});
  targets.setValues({{1, ignore_index, 3}, {1, 0, 3}, {ignore_index, ignore_index, ignore_index}});
  Score all = score(predicted, targets);
  CHECK(all.asked == 5);
  CHECK(all.correct == 4);
  CHECK(all.sequences == 2);
  CHECK(all.exact == 1);
  CHECK(all.accuracy() == 0.8);
  CHECK(all.exact_match() == 0.5);
  CHECK(all.scaled_accuracy(0.5) == Catch::Approx(0.6));
  all += all;
  CHECK(all.asked == 10);
  CHECK(all.exact_match() == 0.5);
  CHECK(Score{}.accuracy() == 0);
  CHECK(Score{}.exact_match() == 0);
  CHECK_THROWS_WITH(score(Tensor<std::int32_t, 2>(2, 3), targets), "predicted: expected [B=3, T=3], got [2, 3]");
}

TEST_CASE("the token of the largest logit is said, the first of several", "[tasks]") {
  Tensor<float, 3> logits(1, 3, 3);
  logits.setValues({{{-1, -2, -3}, {0, 5, 5}, {1, 2, 3}}});
  const auto tokens = greedy_tokens<float>(logits);
  CHECK(tokens(0, 0) == 0);
  CHECK(tokens(0, 1) == 1);
  CHECK(tokens(0, 2) == 2);
  logits(0, 1, 0) = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_WITH(greedy_tokens<float>(logits), "logits: expected finite numbers, got nan at flat index 3");
}
