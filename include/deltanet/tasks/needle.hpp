#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <optional>
#include <string_view>

#include "deltanet/tasks/haystack.hpp"
#include "deltanet/tasks/task.hpp"

namespace deltanet {

/// What is hidden: RULER's numbers (7 digits), words (adjective-noun) and uuids; or the pass key (5 digits) of Landmark
/// attention.
enum class NeedleKind { pass_key, number, word, uuid };

/// A needle in a haystack of text.
struct NeedleConfig {
  NeedleKind kind = NeedleKind::number;
  /// Repeated as often as needed, from a sentence of its own on. Any text will do: a file's.
  std::string haystack = green_grass;
  bool instruction = true;  // begins by saying that something is hidden
  Index num_needles = 1;    // with different keys, one of which is asked for; the pass key has no other
};

namespace detail {

inline constexpr std::array<std::string_view, 32> needle_adjectives{
    "able",  "brave", "brisk", "calm",  "clean", "clever", "cold",   "cosy",  "dark",  "dry",    "eager",
    "early", "faint", "fair",  "fast",  "firm",  "fresh",  "gentle", "glad",  "grand", "honest", "humble",
    "keen",  "late",  "light", "lucky", "mild",  "noble",  "plain",  "proud", "quiet", "warm"};
inline constexpr std::array<std::string_view, 32> needle_nouns{
    "anchor",  "apple",  "autumn",  "basket",  "bridge", "candle", "cloud",  "corner", "desk",    "feather", "field",
    "forest",  "garden", "hammer",  "harbour", "island", "kettle", "ladder", "lake",   "lantern", "meadow",  "mirror",
    "morning", "needle", "orchard", "pebble",  "river",  "shadow", "stone",  "tunnel", "valley",  "window"};

/// `count` characters of `alphabet`, the first of them not its first if `leading` says so.
inline std::string draw_characters(Random& random, Index count, std::string_view alphabet, bool leading = false) {
  std::string text;
  for (Index i = 0; i < count; ++i) {
    const Index skipped = leading && i == 0 ? 1 : 0;
    text += alphabet[static_cast<std::size_t>(skipped + random.below(static_cast<Index>(alphabet.size()) - skipped))];
  }
  return text;
}

inline std::string draw_needle_word(Random& random) {
  std::string word(needle_adjectives[static_cast<std::size_t>(random.below(needle_adjectives.size()))]);
  return word.append("-").append(needle_nouns[static_cast<std::size_t>(random.below(needle_nouns.size()))]);
}

inline std::string draw_needle_value(NeedleKind kind, Random& random) {
  constexpr std::string_view hex = "0123456789abcdef", digits = hex.substr(0, 10);
  switch (kind) {
    case NeedleKind::pass_key:
      return draw_characters(random, 5, digits, true);
    case NeedleKind::number:
      return draw_characters(random, 7, digits, true);
    case NeedleKind::word:
      return draw_needle_word(random);
    case NeedleKind::uuid:
      break;
  }
  // version 4: xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx, y in 8 .. b
  std::string uuid = draw_characters(random, 8, hex) + '-';
  uuid += draw_characters(random, 4, hex) + "-4";
  uuid += draw_characters(random, 3, hex) + '-';
  uuid += draw_characters(random, 1, hex.substr(8, 4));
  uuid += draw_characters(random, 3, hex) + '-';
  return uuid + draw_characters(random, 12, hex);
}

/// The sentences of one question, around which the haystack is laid.
struct NeedleStory {
  std::string instruction;
  std::vector<std::string> needles;  // the first is asked for
  std::string question;
  std::string answer;
};

inline NeedleStory draw_needle_story(const NeedleConfig& config, Random& random) {
  NeedleStory story;
  if (config.kind == NeedleKind::pass_key) {
    story.answer = draw_needle_value(config.kind, random);
    story.instruction =
        "There is an important info hidden inside a lot of irrelevant text. Find it and memorize it. I will quiz you about the "
        "important information there.\n";
    story.needles = {"The pass key is " + story.answer + ". Remember it. " + story.answer + " is the pass key. "};
    story.question = "\nWhat is the pass key? The pass key is ";
    return story;
  }
  const std::string one = config.kind == NeedleKind::number ? "number" : config.kind == NeedleKind::word ? "word" : "uuid";
  std::vector<std::string> keys;
  while (static_cast<Index>(keys.size()) < config.num_needles) {
    const std::string key = draw_needle_word(random);
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
    keys.push_back(key);
    const std::string value = draw_needle_value(config.kind, random);
    if (keys.size() == 1) story.answer = value;
    story.needles.push_back("One of the special magic " + one + "s for " + key + " is: " + value + ". ");
  }
  story.instruction = "A special magic " + one +
                      " is hidden within the following text. Make sure to memorize it. I will quiz you about the " + one +
                      " afterwards.\n";
  const std::string asked = "special magic " + one + " for " + keys[0] + " mentioned in the provided text";
  story.question = "\nWhat is the " + asked + "? The " + asked + " is ";
  return story;
}

}  // namespace detail

/// A sentence that says what the magic number of something is, hidden at some depth of a long text that says nothing of it; at
/// the end comes the question, and the bytes of the answer are asked for, the first of them at the last byte of the question.
///
/// The sentences are RULER's niah_single_1 .. 3 (NVIDIA/RULER, scripts/data/synthetic/niah.py; Hsieh et al., 2404.06654), and
/// niah_multikey where num_needles > 1; those of the pass key are Mohtashami and Jaggi's (2305.16300). Depth 0 is the beginning
/// of the text, 1 its end; the needle stands before the nearest sentence that begins earlier. Where no depth is given it is any
/// of RULER's 40 from 0 to 1, as are those of the needles that are not asked for.
///
/// Tokens are bytes, [B, T]; every sequence is filled to the last byte. Throws where T is too short for the sentences alone.
/// O(B T).
inline TaskBatch needle(const NeedleConfig& config, Random& random, Index batch, Index length,
                        std::optional<double> depth = std::nullopt) {
  expect_range<Index>("num_needles", config.num_needles, 1, config.kind == NeedleKind::pass_key ? 1 : 100);
  if (depth) expect_range("depth", *depth, 0.0, 1.0);
  TaskBatch result = empty_task_batch(batch, length);
  for (Index b = 0; b < batch; ++b) {
    detail::NeedleStory story = detail::draw_needle_story(config, random);
    if (!config.instruction) story.instruction.clear();
    std::size_t least = story.instruction.size() + story.question.size() + story.answer.size() - 1;
    for (const std::string& sentence : story.needles) least += sentence.size();
    expect(static_cast<std::size_t>(length) >= least, "length: expected at least ", least,
           " bytes for the needle and its question, got ", length);
    std::string hay = draw_hay(config.haystack, random, static_cast<std::size_t>(length) - least);

    std::vector<std::pair<std::size_t, std::string>> places;  // of the needles in the hay
    for (std::size_t i = 0; i < story.needles.size(); ++i) {
      const double drawn = static_cast<double>(random.below(40)) / 39;
      const double at = (i == 0 && depth ? *depth : drawn) * static_cast<double>(hay.size());
      places.emplace_back(sentence_start(hay, static_cast<std::size_t>(at)), story.needles[i]);
    }
    std::sort(places.begin(), places.end());
    for (auto place = places.rbegin(); place != places.rend(); ++place) hay.insert(place->first, place->second);

    const std::string text = story.instruction + hay + story.question + story.answer;
    std::vector<std::int32_t> stream;
    for (const char byte : text) stream.push_back(static_cast<unsigned char>(byte));
    std::vector<bool> asked(stream.size(), false);
    std::fill(asked.end() - static_cast<std::ptrdiff_t>(story.answer.size()), asked.end(), true);
    put_stream(result, b, stream, asked);
  }
  return result;
}

/// needle as a task. Its dial is the depth. Chance, 0.1, is that of a digit; words and uuids have bytes that are easier to
/// guess, so that what to look at is Score::exact_match().
inline TokenTask needle_task(const std::string& name, const NeedleConfig& config, Index train_length,
                             const std::vector<Index>& test_lengths) {
  TokenTask task{.name = name,
                 .description = "one sentence hidden in a long text, in bytes: say the value it tells",
                 .source = "RULER (arXiv 2404.06654), niah.py; pass key: arXiv 2305.16300",
                 .vocab_size = 256,
                 .train_length = train_length,
                 .test_lengths = test_lengths,
                 .chance = 0.1};
  const auto shared = std::make_shared<const NeedleConfig>(config);  // one copy of the text, which may be long
  task.generate = [shared](Random& random, Index batch, Index length) { return needle(*shared, random, batch, length); };
  task.dial = {"depth", {0, 0.25, 0.5, 0.75, 1}, [shared](Random& random, Index batch, Index length, double depth) {
                 return needle(*shared, random, batch, length, depth);
               }};
  return task;
}

}  // namespace deltanet
