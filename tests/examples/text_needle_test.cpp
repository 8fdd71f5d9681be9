#include "compare/text_needle.hpp"

#include <set>

#include "tasks/oracle.hpp"

using namespace compare;
using deltanet::ignore_index;
using deltanet::Random;
using deltanet::TaskBatch;

namespace {

/// Every byte from 1 to 250 once, so that a piece of it is found in one place.
std::string text() {
  std::string bytes;
  for (int i = 0; i < 250; ++i) bytes += static_cast<char>(1 + i * 7 % 250);
  return bytes;
}

std::vector<std::int32_t> sequence(const TaskBatch& batch, Index b) {
  const Index T = batch.tokens.dimension(1);
  return {&batch.tokens(b, 0), &batch.tokens(b, 0) + T};
}

/// The token that followed the last one before.
std::int32_t recall(const std::vector<std::int32_t>& past) {
  for (std::size_t i = 0; i + 1 < past.size(); ++i)
    if (past[i] == past.back()) return past[i + 1];
  return -1;
}

std::string bytes_of(std::vector<std::int32_t> tokens) {
  std::erase_if(tokens, [](std::int32_t token) { return token >= 256; });
  return deltanet::test::text_of(tokens);
}

}  // namespace

TEST_CASE("a needle in text is a key and its value among bytes of the text, with the key again at the end", "[tasks]") {
  const TextNeedleConfig config;
  Random random(1);
  std::set<std::int32_t> keys, values;
  std::set<Index> places;
  std::set<std::size_t> starts;
  const Index T = 23;
  const TaskBatch batch = text_needle(config, text(), random, 2000, T);
  deltanet::test::check_oracle(recall, batch, config.vocab_size());
  for (Index b = 0; b < 2000; ++b) {
    const std::vector<std::int32_t> tokens = sequence(batch, b);
    const auto key = std::find_if(tokens.begin(), tokens.end(), [](std::int32_t token) { return token >= 256; });
    REQUIRE(key + 2 < tokens.end());
    CHECK((key[0] < 264 && key[1] >= 264 && key[1] < 272));
    CHECK(tokens.back() == key[0]);
    CHECK(deltanet::test::asked_in(batch, b) == 1);
    const std::string hay = bytes_of(tokens);
    REQUIRE(hay.size() == static_cast<std::size_t>(T - 3));  // no other token that is not a byte
    REQUIRE(text().find(hay) != std::string::npos);
    starts.insert(text().find(hay));
    places.insert(key - tokens.begin());
    keys.insert(key[0]), values.insert(key[1]);
  }
  CHECK((keys.size() == 8 && values.size() == 8));
  CHECK(places.size() == static_cast<std::size_t>(T - 2));  // anywhere before the last token
  CHECK((*starts.begin() == 0 && *starts.rbegin() == text().size() - (T - 3)));
}

TEST_CASE("a needle in text lies at the depth asked for", "[tasks]") {
  Random random(2);
  for (const auto& [depth, place] : {std::pair{0.0, 0}, {0.25, 25}, {0.5, 50}, {1.0, 100}}) {
    const TaskBatch batch = text_needle({}, text(), random, 3, 103, depth);
    for (Index b = 0; b < 3; ++b) CHECK(batch.tokens(b, place) == batch.tokens(b, 102));
  }
}

TEST_CASE("training on needles in text asks for every byte that a token stands before, and for the needle", "[tasks]") {
  Random random(3);
  TaskBatch batch = text_needle({}, text(), random, 50, 20);
  const TaskBatch tests = batch;
  ask_for_bytes(batch);
  for (Index b = 0; b < 50; ++b) {
    for (Index t = 0; t < 19; ++t) {
      const std::int32_t next = batch.tokens(b, t + 1);
      CHECK(batch.targets(b, t) == (next < 256 ? next : ignore_index));
    }
    CHECK(batch.targets(b, 19) == tests.targets(b, 19));
    CHECK(sequence(batch, b) == sequence(tests, b));
    const Index bytes = 17, unasked = batch.tokens(b, 0) < 256 ? 1 : 0;  // the first one has no token before it
    CHECK(deltanet::test::asked_in(batch, b) == bytes - unasked + 1);
  }
}

TEST_CASE("needles in text are trained in one part of it, half the time asked for the bytes, and tested in the other",
          "[tasks]") {
  const std::string whole = text();
  const TextParts parts{.training = [&] { return std::string_view(whole).substr(0, 150); },
                        .tests = [&] { return std::string_view(whole).substr(150); }};
  const deltanet::TokenTask task = text_needle_task("needle_text", {}, parts, 20, {20, 60});
  Random random(4);
  int ask_for_bytes = 0;
  for (int i = 0; i < 200; ++i) {
    const TaskBatch training = task.training_batch(random, 2, 20);
    const bool bytes = deltanet::test::asked_in(training, 0) >= 17;
    ask_for_bytes += bytes;
    for (Index b = 0; b < 2; ++b) {
      CHECK(whole.find(bytes_of(sequence(training, b))) + 17 <= 150);
      CHECK((bytes ? deltanet::test::asked_in(training, b) >= 17 : deltanet::test::asked_in(training, b) == 1));
    }
  }
  CHECK(ask_for_bytes == Catch::Approx(100).margin(20));
  for (const TaskBatch& tests : {task.generate(random, 300, 20), task.dial.generate(random, 300, 20, 1.0)})
    for (Index b = 0; b < 300; ++b) {
      CHECK(whole.find(bytes_of(sequence(tests, b))) >= 150);
      CHECK(deltanet::test::asked_in(tests, b) == 1);
    }
}

TEST_CASE("a needle in text says what it has no room for", "[tasks]") {
  Random random(5);
  CHECK_THROWS_WITH(text_needle({}, text(), random, 1, 2), "length: expected at least 3, got 2");
  CHECK_THROWS_WITH(text_needle({}, "short", random, 1, 9), "text: expected at least 6 bytes, got 5");
  CHECK(text_needle({}, "short", random, 1, 8).tokens.dimension(1) == 8);
  CHECK(text_needle({}, "", random, 1, 3).tokens(0, 0) >= 256);
}
