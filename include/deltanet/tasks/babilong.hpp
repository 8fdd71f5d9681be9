#pragma once

#include <sstream>
#include <unordered_map>

#include "deltanet/tasks/babi_story.hpp"
#include "deltanet/tasks/haystack.hpp"
#include "deltanet/tasks/task.hpp"

namespace deltanet {

/// A bAbI story scattered in noise.
struct BabilongConfig {
  Index task = 1;          // qa1 .. qa5
  Index min_facts = 2;     // at least 4 in tasks 3 and 5
  Index max_facts = 10;    // BABILong's have up to 10, 68, 32, 2 and 126
  bool bytes = false;      // else words, a few hundred: answers are one token, and small models learn faster
  std::string noise = {};  // with bytes, any text; empty: sentences of frequent words in Zipf's proportions, as with words

  [[nodiscard]] Index facts_at_most() const { return task == 4 ? 2 : max_facts; }
  /// So long that the longest story fits.
  [[nodiscard]] Index least_length() const { return bytes ? 40 * facts_at_most() + 52 : 8 * facts_at_most() + 9; }
};

/// The words of stories and noise with their signs, in the order of their tokens.
inline const std::vector<std::string>& babilong_words() {
  static const std::vector<std::string> words = [] {
    std::istringstream text(
        ". ? apple bathroom bedroom Bill Daniel Fred football garden hallway Jeff John kitchen Mary milk office Sandra north "
        "east "
        "south west Where Who What The is was did the to of before back there went moved journeyed travelled took got grabbed "
        "picked "
        "up dropped discarded left put down gave give handed passed received "
        // the noise, most frequent first; none of it above
        "and a in that it he for on as with his at be this had not are but from or have an they which one you were all her she "
        "would their we him been has when who will no more if out so said what its about than into them can only other "
        "time "
        "new some could these two may first then do any like my now over such our man me even most made after also well many "
        "must "
        "through years where much your way long should little own");
    std::vector<std::string> list;
    for (std::string word; text >> word;) list.push_back(word);
    return list;
  }();
  return words;
}

namespace detail {

using Tokens = std::vector<std::int32_t>;

inline constexpr std::size_t babi_words = 54;  // those before the noise

/// A sentence, or an answer, as tokens: bytes with a space behind each sentence, or words and signs.
inline Tokens babilong_tokens(const std::string& text, bool bytes) {
  Tokens tokens;
  if (bytes) {
    for (const char byte : text) tokens.push_back(static_cast<unsigned char>(byte));
    return tokens;
  }
  static const std::unordered_map<std::string, std::int32_t> number = [] {
    std::unordered_map<std::string, std::int32_t> numbers;
    for (const std::string& word : babilong_words()) numbers.emplace(word, static_cast<std::int32_t>(numbers.size()));
    return numbers;
  }();
  std::string spaced;
  for (const char character : text)
    spaced += character == '.' || character == '?' ? std::string(" ") + character : std::string(1, character);
  std::istringstream words(spaced);
  for (std::string word; words >> word;) {
    tokens.push_back(number.at(word));
  }
  return tokens;
}

/// 5 to 12 words of the noise, p(rank) ~ 1 / rank.
inline std::string draw_zipf_sentence(Random& random) {
  static const std::vector<double> cumulative = [] {
    std::vector<double> sums;
    double sum = 0;
    for (std::size_t rank = 1; babi_words + rank <= babilong_words().size(); ++rank)
      sums.push_back(sum += 1 / static_cast<double>(rank));
    return sums;
  }();
  std::string sentence;
  for (Index left = 5 + random.below(8); left > 0; --left) {
    const auto rank =
        std::upper_bound(cumulative.begin(), cumulative.end(), random.uniform() * cumulative.back()) - cumulative.begin();
    sentence += babilong_words()[babi_words + static_cast<std::size_t>(rank)] + (left > 1 ? " " : ".");
  }
  return sentence;
}

/// Sentences of noise, `size` tokens in all: the last one is cut, and closed with a full stop, since a fact may follow.
inline std::vector<Tokens> draw_noise(const BabilongConfig& config, Random& random, Index size) {
  std::vector<Tokens> sentences;
  if (size == 0) return sentences;
  if (config.bytes && !config.noise.empty()) {
    const std::string hay = draw_hay(config.noise, random, static_cast<std::size_t>(size));
    for (std::size_t end = hay.size(), begin; end > 0; end = begin) {
      begin = sentence_start(hay, end - 1);
      sentences.push_back(babilong_tokens(hay.substr(begin, end - begin), true));
    }
    std::reverse(sentences.begin(), sentences.end());
  } else {
    Index left = size;
    for (; left > 0; left -= static_cast<Index>(sentences.back().size()))
      sentences.push_back(babilong_tokens(draw_zipf_sentence(random) + (config.bytes ? " " : ""), config.bytes));
    Tokens& cut = sentences.back();
    cut.erase(cut.end() + left, cut.end());  // left <= 0: what is too much
  }
  const Tokens stop = babilong_tokens(config.bytes ? ". " : ".", config.bytes);
  Tokens& last = sentences.back();
  for (std::size_t i = 0; i < std::min(stop.size(), last.size()); ++i) last[last.size() - 1 - i] = stop[stop.size() - 1 - i];
  return sentences;
}

}  // namespace detail

/// A bAbI story (babi_story.hpp) whose facts lie scattered, in order, in a noise that fills the sequence to the last token,
/// with its question at the end; asked for is the answer, the first token of it at the question mark (with bytes, the space
/// behind it).
///
/// booydar/babilong, babilong_utils.py (Kuratov et al., 2406.10149): facts stand before noise sentences drawn uniformly, with
/// repetition; the last sentence of noise is cut, and here closed. Its noise is PG19 and its tokens GPT-2's; here see
/// `BabilongConfig`.
///
/// Tokens [B, T], T >= config.least_length(). O(B T).
inline TaskBatch babilong(const BabilongConfig& config, Random& random, Index batch, Index length) {
  expect(length >= config.least_length(), "length: expected at least ", config.least_length(), " for up to ",
         config.facts_at_most(), " facts, got ", length);
  expect_range<Index>("min_facts", config.min_facts, 1, config.max_facts);
  TaskBatch result = empty_task_batch(batch, length);
  const std::string space = config.bytes ? " " : "";
  for (Index b = 0; b < batch; ++b) {
    const Index num_facts = config.min_facts + random.below(config.max_facts - config.min_facts + 1);
    const BabiStory story = draw_babi_story(config.task, num_facts, random);
    std::vector<detail::Tokens> facts;
    detail::Tokens ending = detail::babilong_tokens(story.question + space, config.bytes);
    const detail::Tokens answer = detail::babilong_tokens(story.answer, config.bytes);
    ending.insert(ending.end(), answer.begin(), answer.end());
    Index left = length + 1 - static_cast<Index>(ending.size());
    for (const std::string& fact : story.facts) {
      facts.push_back(detail::babilong_tokens(fact + space, config.bytes));
      left -= static_cast<Index>(facts.back().size());
    }
    const std::vector<detail::Tokens> noise = detail::draw_noise(config, random, left);
    const auto count = static_cast<Index>(noise.size());
    const std::vector<Index> before = draw_sorted(random, static_cast<Index>(facts.size()), count + 1);

    detail::Tokens stream;
    const auto put = [&](const detail::Tokens& sentence) { stream.insert(stream.end(), sentence.begin(), sentence.end()); };
    std::size_t fact = 0;
    for (Index sentence = 0; sentence <= count; ++sentence) {
      while (fact < facts.size() && before[fact] == sentence) put(facts[fact++]);
      if (sentence < count) put(noise[static_cast<std::size_t>(sentence)]);
    }
    put(ending);
    std::vector<bool> asked(stream.size(), false);
    std::fill(asked.end() - static_cast<std::ptrdiff_t>(answer.size()), asked.end(), true);
    put_stream(result, b, stream, asked);
  }
  return result;
}

/// babilong as a task. Chance is one room of six, or one of four people; with bytes it is more, since few letters tell a word.
inline TokenTask babilong_task(const std::string& name, const BabilongConfig& config, Index train_length,
                               const std::vector<Index>& test_lengths) {
  return {.name = name,
          .description =
              detail::concat("facts of a bAbI story (qa", config.task, ") scattered in noise: answer a question about it"),
          .source = "BABILong (arXiv 2406.10149), babilong_utils.py; bAbI (arXiv 1502.05698)",
          .vocab_size = config.bytes ? 256 : static_cast<Index>(babilong_words().size()),
          .train_length = train_length,
          .test_lengths = test_lengths,
          .chance = config.task == 5 ? 1.0 / 4 : 1.0 / 6,
          .generate = with_settings(config, babilong)};
}

}  // namespace deltanet
