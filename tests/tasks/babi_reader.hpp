#pragma once

#include <map>
#include <string>
#include <vector>

/// Reads bAbI stories word by word, knowing nothing of the world that wrote them.
namespace deltanet::test {

class BabiReader {
 public:
  using Words = std::vector<std::string>;

  /// A sentence of words without its sign. Those that are no facts of the stories are passed over.
  void read(const Words& words) {
    if (words.size() < 3) return;
    const std::string& who = words[0];
    const std::string& last = words.back() == "there" ? words[words.size() - 2] : words.back();
    if (words.size() == 7 && words[0] == "The" && words[2] == "is" && words[4] == "of") {
      beside_[{words[3], words[6]}] = words[1];
      beside_[{opposite(words[3]), words[1]}] = words[6];
      of_[{words[1], words[3]}] = words[6];
      of_[{words[6], opposite(words[3])}] = words[1];
    } else if (words.size() > 4 && words[words.size() - 3] == "to" && words[words.size() - 2] == "the") {
      place_[who] = last;
      for (const auto& [object, holder] : holder_)
        if (holder == who) see(object, last);
    } else if (words.size() == 6 && words[4] == "to" && is_person(words[5])) {
      gifts_.push_back({who, words[3], words[5]});
      holder_[words[3]] = words[5];
    } else if (is_person(who) && (is(words[1], {"took", "got", "grabbed", "picked"}))) {
      holder_[last] = who;
      if (place_.contains(who)) see(last, place_[who]);
    } else if (is_person(who) && (is(words[1], {"dropped", "discarded", "left", "put"}))) {
      holder_.erase(last);
    }
  }

  [[nodiscard]] std::string answer(const Words& q) const {
    if (q.size() < 3) return "";
    if (q[0] == "Where" && q.size() == 3) return place_.at(q[2]);
    if (q[0] == "Where" && q.size() == 4) return been_.at(q[3]).back();
    if (q[0] == "Where") {  // was the milk before the office
      const Words& been = been_.at(q[3]);
      for (std::size_t i = been.size() - 1; i > 0; --i)
        if (been[i] == q[6]) return been[i - 1];
      return "";
    }
    if (q[0] == "What" && q[1] == "is") return q.back() == "of" ? of_.at({q[3], q[4]}) : beside_.at({q[2], q[5]});
    for (auto gift = gifts_.rbegin(); gift != gifts_.rend(); ++gift) {
      if (q[0] == "What" && gift->from == q[2] && gift->to == q[5]) return gift->object;
      if (q[0] != "Who") continue;
      if (q[1] == "did" && gift->from == q[2] && gift->object == q[5]) return gift->to;
      if (q[1] == "received" && gift->object == q[3]) return gift->to;
      if (q[1] == "gave" && gift->object == q[3] && (q.size() == 4 || gift->to == q[5])) return gift->from;
    }
    return "";
  }

 private:
  struct Gift {
    std::string from, object, to;
  };

  static bool is(const std::string& word, const Words& words) {
    for (const std::string& one : words)
      if (one == word) return true;
    return false;
  }
  static bool is_person(const std::string& word) {
    return is(word, {"Bill", "Daniel", "Fred", "Jeff", "John", "Mary", "Sandra"});
  }
  static std::string opposite(const std::string& way) {
    return way == "north" ? "south" : way == "south" ? "north" : way == "east" ? "west" : "east";
  }
  void see(const std::string& object, const std::string& room) {
    Words& been = been_[object];
    if (been.empty() || been.back() != room) been.push_back(room);
  }

  std::map<std::string, std::string> place_, holder_;                  // of people; of objects
  std::map<std::string, Words> been_;                                  // where objects were
  std::map<std::pair<std::string, std::string>, std::string> beside_;  // (way, room) -> what is that way of the room
  std::map<std::pair<std::string, std::string>, std::string> of_;      // (room, way) -> what the room is that way of
  std::vector<Gift> gifts_;
};

/// The words of a sentence, or of several; signs are words of their own.
inline BabiReader::Words words_of(const std::string& text) {
  BabiReader::Words words;
  std::string word;
  for (const char character : text + " ") {
    if (character != ' ' && character != '.' && character != '?' && character != '!') {
      word += character;
      continue;
    }
    if (!word.empty()) words.push_back(word);
    word.clear();
    if (character != ' ') words.emplace_back(1, character == '!' ? '.' : character);
  }
  return words;
}

/// What the question at the end of a text is answered with by its facts.
inline std::string read_and_answer(const BabiReader::Words& words) {
  BabiReader reader;
  BabiReader::Words sentence;
  std::size_t question = words.size();
  while (words[question - 1] != "?") --question;  // behind it may stand a part of the answer
  for (std::size_t i = 0; i + 1 < question; ++i) {
    if (words[i] == ".") {
      reader.read(sentence);
      sentence.clear();
    } else {
      sentence.push_back(words[i]);
    }
  }
  return reader.answer(sentence);
}

}  // namespace deltanet::test
