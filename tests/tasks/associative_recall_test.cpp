#include "deltanet/tasks/associative_recall.hpp"

#include <set>

#include "tasks/oracle.hpp"

using namespace deltanet;

namespace {

/// Looks for the last time the key was followed by a value, in the first `context` tokens.
test::Oracle last_value(Index context) {
  return [context](const std::vector<std::int32_t>& past) {
    std::int32_t value = -1;
    for (std::size_t i = 0; i + 1 < static_cast<std::size_t>(context); i += 2)
      if (past[i] == past.back()) value = past[i + 1];
    return value;
  };
}

}  // namespace

TEST_CASE("every key of associative recall is asked for once, and its last value is the answer", "[tasks]") {
  for (const Index rewrites : {0, 3}) {
    const AssociativeRecallConfig config{.vocab_size = 40, .num_pairs = 6, .num_rewrites = rewrites};
    const Index context = 2 * (6 + rewrites);
    for (const Index length : {config.least_length(), config.least_length() + 1, Index(64)}) {
      Random random(1);
      const TaskBatch batch = associative_recall(config, random, 40, length);
      test::check_oracle(last_value(context), batch, 40);
      for (Index b = 0; b < 40; ++b) {
        CHECK(test::asked_in(batch, b) == 6);
        std::set<std::int32_t> keys, values;
        for (Index i = 0; i < 12; i += 2) {
          keys.insert(batch.tokens(b, i));
          values.insert(batch.tokens(b, i + 1));
        }
        CHECK((keys.size() == 6 && *keys.begin() >= 1 && *keys.rbegin() < 20));
        CHECK((values.size() == 6 && *values.begin() >= 20));
        for (Index t = context; t < length; ++t) {
          CHECK(keys.contains(batch.tokens(b, t)) == (batch.targets(b, t) != ignore_index));  // no key but where it asks
          if (batch.targets(b, t) != ignore_index) CHECK((t - context) % 2 == 0);
        }
        for (Index i = 12; i < context; i += 2) {
          CHECK(keys.contains(batch.tokens(b, i)));
          for (Index j = 0; j < 12; j += 2)
            if (batch.tokens(b, j) == batch.tokens(b, i)) CHECK(batch.tokens(b, j + 1) != batch.tokens(b, i + 1));
        }
      }
    }
  }
}

TEST_CASE("whoever remembers the first value fails where keys are written again", "[tasks]") {
  const AssociativeRecallConfig config{.vocab_size = 64, .num_pairs = 8, .num_rewrites = 4};
  Random random(2);
  const Score first = test::score_of(last_value(16), associative_recall(config, random, 50, 64));
  CHECK(first.accuracy() == Catch::Approx(0.5));
  CHECK(first.exact == 0);
}

TEST_CASE("gaps before questions follow the power law", "[tasks]") {
  const AssociativeRecallConfig config{.vocab_size = 64, .num_pairs = 1, .random_filler = false};
  Random random(3);
  const Index length = 12, B = 20000;  // 5 places
  const TaskBatch batch = associative_recall(config, random, B, length);
  Vector<double> counts = Vector<double>::Zero(5), expected(5);
  for (Index b = 0; b < B; ++b)
    for (Index gap = 0; gap < 5; ++gap) {
      counts[gap] += batch.targets(b, 2 + 2 * gap) != ignore_index;
      CHECK((batch.tokens(b, 3 + 2 * gap) == 0 || gap == 5));
    }
  for (Index gap = 0; gap < 5; ++gap) expected[gap] = std::pow(static_cast<double>(gap + 1), 0.01 - 1);
  expected /= expected.sum();
  CHECK((counts / static_cast<double>(B) - expected).cwiseAbs().maxCoeff() < 0.012);
}

TEST_CASE("associative recall that does not fit says what would", "[tasks]") {
  Random random(4);
  CHECK_THROWS_WITH(associative_recall({.num_pairs = 8, .num_rewrites = 2}, random, 1, 35),
                    "length: expected at least 36 for 8 pairs and 2 rewrites, got 35");
  CHECK_THROWS_WITH(associative_recall({.vocab_size = 16, .num_pairs = 8}, random, 1, 64),
                    "vocab_size: expected at least 18, half of it keys, for 8 pairs, got 16");
  CHECK_THROWS_WITH(associative_recall({.num_pairs = 8, .num_rewrites = 9}, random, 1, 64),
                    "num_rewrites: expected a value in [0, 8], got 9");
}

TEST_CASE("the dial of associative recall is the number of pairs", "[tasks]") {
  const TokenTask task = associative_recall_task("mqar", {.num_pairs = 8, .num_rewrites = 4}, 64, {64}, {2, 4});
  Random random(5);
  const TaskBatch batch = task.dial.generate(random, 3, 64, 4);
  CHECK(test::asked_in(batch, 0) == 4);
  CHECK(test::score_of(last_value(12), batch).accuracy() == 1);  // 4 pairs, 2 of them again
}
