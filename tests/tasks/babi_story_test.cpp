#include "deltanet/tasks/babi_story.hpp"

#include <set>

#include "support/catch.hpp"
#include "tasks/babi_reader.hpp"

using namespace deltanet;

TEST_CASE("stories answer their questions to whoever reads them", "[tasks]") {
  for (const Index task : {1, 2, 3, 4, 5})
    for (const Index facts : {4, 12, 60}) {
      Random random(1);
      std::map<std::string, int> answers;
      std::set<std::string> kinds;
      for (int trial = 0; trial < 200; ++trial) {
        const BabiStory story = draw_babi_story(task, facts, random);
        CHECK(static_cast<Index>(story.facts.size()) == (task == 4 ? 2 : facts));
        std::string text;
        for (const std::string& fact : story.facts) text += fact + " ";
        INFO(text << story.question);
        CHECK(test::read_and_answer(test::words_of(text + story.question)) == story.answer);
        ++answers[story.answer];
        kinds.insert(story.question.substr(0, 8) + story.question.substr(story.question.size() - 4));
      }
      CHECK(answers.size() >= (task == 5 ? 7 : 6));
      for (const auto& [answer, count] : answers) CHECK(count < 80);  // no answer is a good guess
      if (task == 4) CHECK(kinds.size() > 4);
    }
}

TEST_CASE("a story without room for an answer is refused", "[tasks]") {
  Random random(2);
  CHECK_THROWS_WITH(draw_babi_story(3, 2, random), "num_facts: expected at least 3 in task 3, got 2");
  CHECK_THROWS_WITH(draw_babi_story(6, 4, random), "task: expected a value in [1, 5], got 6");
}
