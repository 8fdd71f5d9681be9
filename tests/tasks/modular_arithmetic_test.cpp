#include "deltanet/tasks/modular_arithmetic.hpp"

#include "tasks/oracle.hpp"

using namespace deltanet;

namespace {

/// Recursive descent over tokens: sums of products of digits, signed digits and brackets.
struct Parser {
  const std::vector<std::int32_t>& tokens;
  Index modulus;
  std::size_t at = 0;

  bool next_is(char sign) const {
    return tokens[at] == static_cast<std::int32_t>(modulus) + static_cast<std::int32_t>(std::string("+-*=()").find(sign));
  }
  Index factor() {
    if (next_is('-')) return ++at, -factor();
    if (next_is('(')) {
      ++at;
      const Index value = sum();
      REQUIRE(next_is(')'));
      return ++at, value;
    }
    REQUIRE(tokens[at] < modulus);
    return tokens[at++];
  }
  Index product() {
    Index value = factor();
    while (next_is('*')) ++at, value = value * factor() % modulus;
    return value;
  }
  Index sum() {
    Index value = product();
    while (next_is('+') || next_is('-')) {
      const Index sign = next_is('+') ? 1 : -1;
      ++at;
      value += sign * product();
    }
    return value;
  }
};

}  // namespace

TEST_CASE("expressions with and without brackets have the values a parser finds", "[tasks]") {
  for (const ModularArithmeticConfig& config : {ModularArithmeticConfig{}, {.modulus = 7, .brackets = true}})
    for (const Index length : {2, 3, 4, 5, 6, 7, 20, 41}) {
      if (!config.brackets && length % 2 == 1) continue;
      Random random(1);
      const TaskBatch batch = modular_arithmetic(config, random, 30, length);
      test::check_oracle(
          [&](const std::vector<std::int32_t>& past) {
            Parser parser{past, config.modulus};
            const Index value = parser.sum();
            CHECK(parser.next_is('='));
            CHECK(parser.at + 1 == past.size());
            return static_cast<std::int32_t>((value % config.modulus + config.modulus) % config.modulus);
          },
          batch, config.vocab_size());
    }
}

TEST_CASE("digits and signs are drawn alike", "[tasks]") {
  Random random(2);
  const TaskBatch batch = modular_arithmetic({}, random, 2000, 20);
  Vector<double> counts = Vector<double>::Zero(9);
  for (Index i = 0; i < batch.tokens.size(); ++i) counts[batch.tokens.data()[i]] += 1;
  CHECK((counts.head(5).array() / 4000 - 1).abs().maxCoeff() < 0.05);
  CHECK((counts.segment(5, 3).array() / 6000 - 1).abs().maxCoeff() < 0.05);
  CHECK(counts[8] == 2000);
}

TEST_CASE("lengths that no expression has are refused", "[tasks]") {
  Random random(3);
  CHECK_THROWS_WITH(modular_arithmetic({}, random, 1, 1), "length: expected at least 2, a digit and =, got 1");
  CHECK_THROWS_WITH(modular_arithmetic({}, random, 1, 7),
                    "length: expected an even number, of digits with signs between and =, got 7");
}
