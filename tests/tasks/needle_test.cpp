#include "deltanet/tasks/needle.hpp"

#include <regex>

#include "tasks/oracle.hpp"

using namespace deltanet;

namespace {

/// Reads the text for what the question at its end asks for, and says the next byte of it.
std::int32_t read_on(const std::vector<std::int32_t>& past) {
  const std::string text = test::text_of(past);
  std::smatch question, needle;
  std::string found;
  if (std::regex_search(text, question,
                        std::regex("What is the special magic (\\w+) for (\\S+) mentioned in the provided text\\? The "
                                   "special magic \\w+ for \\S+ mentioned in the provided text is (\\S*)$"))) {
    const std::string key = question[2], kind = question[1];
    if (std::regex_search(text, needle, std::regex("One of the special magic " + kind + "s for " + key + " is: (\\S+)\\. ")))
      found = needle[1];
  } else if (std::regex_search(text, question, std::regex("()What is the pass key\\?( )The pass key is (\\S*)$"))) {
    if (std::regex_search(text, needle, std::regex("The pass key is (\\d+)\\. Remember it"))) found = needle[1];
  }
  const auto said = static_cast<std::size_t>(question[3].length());
  return said < found.size() ? static_cast<unsigned char>(found[said]) : -1;
}

/// A whole sequence as text, with the answer.
std::string whole(const TaskBatch& batch, Index b) {
  const Index T = batch.tokens.dimension(1);
  std::vector<std::int32_t> tokens(&batch.tokens(b, 0), &batch.tokens(b, 0) + T);
  tokens.push_back(batch.targets(b, T - 1));
  return test::text_of(tokens);
}

}  // namespace

TEST_CASE("whoever reads the text finds the needle, whatever it is", "[tasks]") {
  for (const NeedleKind kind : {NeedleKind::pass_key, NeedleKind::number, NeedleKind::word, NeedleKind::uuid}) {
    Random random(1);
    test::check_oracle(read_on, needle({.kind = kind}, random, 4, 600), 256);
  }
  Random random(2);
  test::check_oracle(read_on, needle({.num_needles = 4}, random, 6, 800), 256);
  test::check_oracle(read_on, needle({.haystack = "Any text! Of any file? Yes.\nIndeed", .instruction = false}, random, 4, 500),
                     256);
}

TEST_CASE("needles look like RULER's", "[tasks]") {
  Random random(3);
  const std::string number = whole(needle({}, random, 1, 600), 0);
  CHECK(std::regex_match(
      number,
      std::regex("A special magic number is hidden within the following text. Make sure to memorize it. I will quiz you "
                 "about the number afterwards.\n[^\n]*One of the special magic numbers for [a-z]+-[a-z]+ is: "
                 "[1-9]\\d{6}\\. [^\n]*\nWhat is the special magic number for .* is [1-9]\\d{6}")));
  const std::string uuid = whole(needle({.kind = NeedleKind::uuid}, random, 1, 600), 0);
  const std::string answer = uuid.substr(uuid.size() - 36);
  CHECK(std::regex_match(answer, std::regex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")));
}

TEST_CASE("the needle lies at the depth asked for, and at any where none is", "[tasks]") {
  const NeedleConfig config{.instruction = false};
  Random random(4);
  const Index length = 4000;
  const auto depth_of = [&](const TaskBatch& batch, Index b) {
    const std::string text = whole(batch, b);
    const auto place = static_cast<double>(text.find("One of the special")), end = static_cast<double>(text.find('\n'));
    return place / (end - 63);  // about the bytes of the needle
  };
  for (const double depth : {0.0, 0.25, 0.5, 0.9, 1.0}) {
    const TaskBatch batch = needle(config, random, 2, length, depth);
    CHECK(depth_of(batch, 0) == Catch::Approx(depth).margin(0.02));
    CHECK(depth_of(batch, 1) == Catch::Approx(depth).margin(0.02));
  }
  const TaskBatch batch = needle(config, random, 200, 1000);
  double sum = 0, deepest = 0, shallowest = 1;
  for (Index b = 0; b < 200; ++b) {
    const double depth = depth_of(batch, b);
    sum += depth;
    deepest = std::max(deepest, depth);
    shallowest = std::min(shallowest, depth);
  }
  CHECK(sum / 200 == Catch::Approx(0.48).margin(0.08));
  CHECK(deepest > 0.9);
  CHECK(shallowest < 0.1);
}

TEST_CASE("a needle that does not fit says how many bytes it takes", "[tasks]") {
  Random random(5);
  const NeedleConfig config{.kind = NeedleKind::pass_key};
  std::string message;
  try {
    needle(config, random, 1, 100);
  } catch (const std::invalid_argument& error) {
    message = error.what();
  }
  std::smatch least;
  REQUIRE(std::regex_match(message, least,
                           std::regex("length: expected at least (\\d+) bytes for the needle and its question, got 100")));
  const Index bytes = std::stol(least[1]);
  CHECK_THROWS(needle(config, random, 1, bytes - 1));
  test::check_oracle(read_on, needle(config, random, 2, bytes), 256);
  CHECK_THROWS_WITH(needle({.haystack = ""}, random, 1, 900), "haystack: expected a text, got none");
  CHECK_THROWS_WITH(needle(config, random, 1, 900, 1.5), "depth: expected a value in [0, 1], got 1.5");
}
