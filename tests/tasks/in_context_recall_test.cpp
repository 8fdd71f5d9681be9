#include "deltanet/tasks/in_context_recall.hpp"

#include "tasks/oracle.hpp"

using namespace deltanet;

namespace {

/// Cuts the past into motifs, and says what followed the last key, so far as it was said, when the key came before.
test::Oracle look_up(const InContextRecallConfig& config) {
  const Index keys = config.key_tokens(), values = keys + config.value_tokens();
  return [keys, values](const std::vector<std::int32_t>& past) {
    std::map<std::vector<std::int32_t>, std::vector<std::int32_t>> seen;
    std::vector<std::int32_t> key, value;
    for (const std::int32_t token : past) {
      if (token < keys) {
        if (!value.empty()) {
          seen.emplace(key, value);
          key.clear();
          value.clear();
        }
        key.push_back(token);
      } else if (token < values) {
        if (!key.empty()) value.push_back(token);
      } else if (!value.empty()) {
        seen.emplace(key, value);
        key.clear();
        value.clear();
      }
    }
    const auto found = seen.find(key);
    return found == seen.end() || found->second.size() <= value.size() ? -1 : found->second[value.size()];
  };
}

const InContextRecallConfig noisy{.vocab_size = 32, .noise_vocab_size = 16, .noise_share = 0.2};
const InContextRecallConfig fuzzy{.key_motif_size = 3, .value_motif_size = 3};

}  // namespace

TEST_CASE("plain, noisy and fuzzy recall are answered by whoever looks the key up", "[tasks]") {
  for (const InContextRecallConfig& config : {InContextRecallConfig{}, noisy, fuzzy})
    for (const Index length : {config.least_length(), Index(40), Index(127), Index(128)}) {
      INFO("vocabulary " << config.vocab_size << ", fuzzy " << config.fuzzy() << ", length " << length);
      Random random(1);
      test::check_oracle(look_up(config), in_context_recall(config, random, 30, length), config.vocab_size);
    }
}

TEST_CASE("a fifth of the pairs of noisy recall is noise, and questions come wherever a key is repeated", "[tasks]") {
  Random random(2);
  const Index B = 200, T = 128;
  const TaskBatch batch = in_context_recall(noisy, random, B, T);
  double noise = 0;
  Index asked = 0, repeats = 0;
  for (Index b = 0; b < B; ++b) {
    std::vector<bool> seen(8, false);
    for (Index t = 0; t + 1 < T; t += 2) {
      const std::int32_t token = batch.tokens(b, t);
      noise += token >= 16;
      if (token >= 16) continue;
      CHECK(token < 8);
      repeats += seen[static_cast<std::size_t>(token)];
      seen[static_cast<std::size_t>(token)] = true;
    }
    asked += test::asked_in(batch, b);
  }
  CHECK(noise / static_cast<double>(B * T / 2) == Catch::Approx(0.2).margin(0.015));
  CHECK(asked == repeats);
}

TEST_CASE("motifs of fuzzy recall have one to three different tokens, or three where keys do not vary", "[tasks]") {
  for (const bool variable : {true, false}) {
    InContextRecallConfig config = fuzzy;
    config.variable_keys = variable;
    Random random(3);
    const TaskBatch batch = in_context_recall(config, random, 100, 64);
    Vector<double> sizes = Vector<double>::Zero(8);
    for (Index b = 0; b < 100; ++b)
      for (Index t = 0, run = 0; t < 64; ++t) {
        const bool key = batch.tokens(b, t) < 7;
        if (!key && run > 0) sizes[std::min<Index>(run, 7)] += 1;
        run = key ? run + 1 : 0;
      }
    CHECK(sizes.tail(4).isZero());
    if (variable)
      CHECK((sizes.segment(1, 3) / sizes.sum()).minCoeff() > 0.28);
    else
      CHECK(sizes[3] == sizes.sum());
  }
}

TEST_CASE("in-context recall that does not fit says what would", "[tasks]") {
  Random random(4);
  CHECK_THROWS_WITH(in_context_recall(fuzzy, random, 1, 10),
                    "length: expected at least 11 for a pair and its question, got 10");
  InContextRecallConfig config = noisy;
  config.noise_vocab_size = 31;
  CHECK_THROWS_WITH(in_context_recall(config, random, 1, 64),
                    "vocab_size: expected at least 33 for these motifs and 31 tokens of noise, got 32");
  config = {.noise_share = 0.5};
  CHECK_THROWS_WITH(in_context_recall(config, random, 1, 64),
                    "noise_vocab_size: expected at least 1 where there is noise, got 0");
}
