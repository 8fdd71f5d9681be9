#include "compare/haystack.hpp"

#include <algorithm>
#include <sstream>

#include "compare/options.hpp"
#include "compare/text_needle.hpp"
#include "deltanet/tasks/registry.hpp"

namespace compare {

using deltanet::detail::concat;

namespace {

Haystack read(const std::vector<std::string>& files) {
  constexpr double held_out = 0.1;
  return std::make_shared<const example::Corpus>(example::read_corpus(files, "--haystack", held_out));
}

/// needle_text over the text that read() gives.
deltanet::TokenTask needle_text_over(const std::function<Haystack()>& read) {
  const TextParts text{.training = [read] { return read()->training(); }, .tests = [read] { return read()->held_out(); }};
  return text_needle_task("needle_text", {}, text, 32, {32, 64, 256, 1024});
}

void expect_room(const std::string& part, std::string_view text, Index length) {
  if (static_cast<Index>(text.size()) < length)
    throw example::UsageError(concat("--haystack: expected at least ", length, " bytes in ", part, ", got ", text.size()));
}

}  // namespace

Haystack read_haystack(const std::vector<std::string>& files) {
  if (!files.empty()) return read(files);
  static const Haystack eigen_headers = read({});
  return eigen_headers;
}

std::string description(const example::Corpus& haystack) {
  std::ostringstream text;
  text << haystack.text.size() << " bytes of " << haystack.files << (haystack.files == 1 ? " file" : " files") << ", the last "
       << haystack.held_out_size() << " for the tests, fingerprint " << std::hex << haystack.fingerprint();
  return text.str();
}

deltanet::TokenTask needle_text_task() {
  return needle_text_over([] { return read_haystack({}); });
}

bool hides_in_text(const std::string& task) {
  const std::vector<deltanet::TokenTask> needles = deltanet::needle_tasks();
  return task == "needle_text" ||
         std::any_of(needles.begin(), needles.end(), [&](const deltanet::TokenTask& needle) { return needle.name == task; });
}

deltanet::TokenTask hidden_in(const Haystack& haystack, const TaskSetting& setting) {
  const Index longest_test = *std::max_element(setting.test_lengths.begin(), setting.test_lengths.end());
  expect_room("the first nine tenths of the text, where " + setting.task + " is trained", haystack->training(), setting.length);
  expect_room("the last tenth of the text, where " + setting.task + " is tested", haystack->held_out(), longest_test);
  if (setting.task == "needle_text") return needle_text_over([haystack] { return haystack; });
  const auto over = [&](std::string_view text) {
    return deltanet::find_task(deltanet::needle_tasks(std::string(text)), setting.task);
  };
  deltanet::TokenTask task = over(haystack->held_out());
  task.generate_training = over(haystack->training()).generate;
  return task;
}

}  // namespace compare
