#include "deltanet/tasks/selective_copying.hpp"

#include "tasks/oracle.hpp"

using namespace deltanet;

TEST_CASE("tokens among blanks are copied in order", "[tasks]") {
  const SelectiveCopyingConfig config{.vocab_size = 16, .num_tokens = 5};
  for (const Index length : {11, 12, 40}) {
    Random random(1);
    const TaskBatch batch = selective_copying(config, random, 50, length);
    test::check_oracle(
        [&](const std::vector<std::int32_t>& past) {
          std::vector<std::int32_t> tokens;
          std::size_t sign = 0;
          for (std::size_t i = 0; i < past.size(); ++i) {
            if (past[i] == 15) sign = i;
            if (past[i] < 14) tokens.push_back(past[i]);
          }
          return tokens[past.size() - sign - 2];
        },
        batch, 16);
    for (Index b = 0; b < 50; ++b) {
      Index tokens = 0;
      for (Index t = 0; t < length - 6; ++t) tokens += batch.tokens(b, t) < 14;
      CHECK(tokens == 5);
      CHECK(batch.tokens(b, length - 6) == 15);
      CHECK(batch.tokens(b, length - 7) < 14);  // no blank stands behind the last token
      CHECK(test::asked_in(batch, b) == 5);
    }
  }
}

TEST_CASE("each blank stands before any token alike", "[tasks]") {
  Random random(2);
  const TaskBatch batch = selective_copying({.num_tokens = 3}, random, 6000, 8);  // one blank
  Vector<double> counts = Vector<double>::Zero(4);
  for (Index b = 0; b < 6000; ++b)
    for (Index t = 0; t < 4; ++t) counts[t] += batch.tokens(b, t) == 14;
  CHECK((counts.head(3).array() / 2000 - 1).abs().maxCoeff() < 0.06);
  CHECK(counts[3] == 0);
}

TEST_CASE("too little room to copy is refused", "[tasks]") {
  Random random(3);
  CHECK_THROWS_WITH(selective_copying({}, random, 1, 32), "length: expected at least 33 to copy 16 tokens, got 32");
  const TokenTask task = selective_copying_task("copy", {}, 64, {64}, {4});
  CHECK(test::asked_in(task.dial.generate(random, 1, 64, 4), 0) == 4);
}
