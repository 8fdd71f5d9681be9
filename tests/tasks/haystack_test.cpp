#include "deltanet/tasks/haystack.hpp"

#include <set>

#include "support/catch.hpp"

using namespace deltanet;

TEST_CASE("sentences begin behind an end and a space, behind a line, and at the beginning", "[tasks]") {
  const std::string text = "One is 1.5 here. Two?  No! Three\nfour";
  CHECK(sentence_start(text, 0) == 0);
  CHECK(sentence_start(text, 16) == 0);
  CHECK(sentence_start(text, 17) == 17);  // Two
  CHECK(sentence_start(text, 22) == 22);  // behind "? "
  CHECK(sentence_start(text, 31) == 27);  // Three
  CHECK(sentence_start(text, 34) == 33);  // four
  const std::string words = std::string(2000, 'a') + " " + std::string(500, 'b');
  CHECK(sentence_start(words, 2400) == 2001);
  CHECK(sentence_start(words, 1500) == 1500);
}

TEST_CASE("hay begins with a sentence, any of them, and repeats the text", "[tasks]") {
  Random random(1);
  const std::string text = "Ab. Cd. ";
  std::set<std::string> starts;
  for (int i = 0; i < 40; ++i) {
    const std::string hay = draw_hay(text, random, 21);
    REQUIRE(hay.size() == 21);
    starts.insert(hay.substr(0, 4));
    CHECK((text + text + text + text).find(hay) != std::string::npos);
  }
  CHECK(starts == std::set<std::string>{"Ab. ", "Cd. "});
  CHECK(draw_hay(text, random, 0).empty());
  CHECK_THROWS_WITH(draw_hay("", random, 3), "haystack: expected a text, got none");
}
