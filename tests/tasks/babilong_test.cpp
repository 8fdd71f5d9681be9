#include "deltanet/tasks/babilong.hpp"

#include "tasks/babi_reader.hpp"
#include "tasks/oracle.hpp"

using namespace deltanet;

namespace {

test::BabiReader::Words spelt(const std::vector<std::int32_t>& tokens) {
  test::BabiReader::Words words;
  for (const std::int32_t token : tokens) words.push_back(babilong_words()[static_cast<std::size_t>(token)]);
  return words;
}

}  // namespace

TEST_CASE("stories scattered in noise are answered by whoever reads them, in words and in bytes", "[tasks]") {
  for (const Index task : {1, 2, 3, 4, 5})
    for (const bool bytes : {false, true})
      for (const char* noise : {"", "It was a dark night. A text, of any file! "}) {
        if (!bytes && *noise != 0) continue;
        const BabilongConfig config{.task = task, .min_facts = 4, .max_facts = 8, .bytes = bytes, .noise = noise};
        const Index vocab_size = babilong_task("qa", config, 0, {}).vocab_size;
        for (const Index length : {config.least_length(), 2 * config.least_length()}) {
          Random random(1);
          test::check_oracle(
              [&](const std::vector<std::int32_t>& past) {
                const std::string text = bytes ? test::text_of(past) : "";
                const std::string answer = test::read_and_answer(bytes ? test::words_of(text) : spelt(past));
                if (bytes) return static_cast<std::int32_t>(answer[text.size() - text.rfind("? ") - 2]);
                const auto& words = babilong_words();
                return static_cast<std::int32_t>(std::find(words.begin(), words.end(), answer) - words.begin());
              },
              babilong(config, random, 5, length), vocab_size);
        }
      }
}

TEST_CASE("facts lie anywhere in the noise, which keeps Zipf's proportions", "[tasks]") {
  const BabilongConfig config{.task = 1, .min_facts = 2, .max_facts = 2};
  Random random(2);
  const Index length = 400;
  const TaskBatch batch = babilong(config, random, 200, length);
  double sum = 0, squares = 0, facts = 0;
  std::vector<double> counts(babilong_words().size(), 0.0);
  for (Index b = 0; b < 200; ++b)
    for (Index t = 0; t < length - 4; ++t) {
      const auto token = static_cast<std::size_t>(batch.tokens(b, t));
      counts[token] += 1;
      const std::string& word = babilong_words()[token];
      if (word != "Mary" && word != "John" && word != "Daniel" && word != "Sandra") continue;
      const double depth = static_cast<double>(t) / static_cast<double>(length);
      sum += depth;
      squares += depth * depth;
      facts += 1;
    }
  CHECK(facts == 400);
  CHECK(sum / facts == Catch::Approx(0.49).margin(0.05));
  CHECK(squares / facts - sum * sum / facts / facts == Catch::Approx(1.0 / 12).margin(0.02));
  const std::size_t first = detail::babi_words;
  CHECK(babilong_words()[first] == "and");
  CHECK(counts[first] / counts[first + 1] == Catch::Approx(2).epsilon(0.1));
  CHECK(counts[first] / counts[first + 9] == Catch::Approx(10).epsilon(0.2));
}

TEST_CASE("a length that the longest story may not fit is refused", "[tasks]") {
  Random random(3);
  CHECK_THROWS_WITH(babilong({}, random, 1, 88), "length: expected at least 89 for up to 10 facts, got 88");
  CHECK_THROWS_WITH(babilong({.min_facts = 11}, random, 1, 200), "min_facts: expected a value in [1, 10], got 11");
}
