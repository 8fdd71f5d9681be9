#pragma once

#include <memory>

#include "deltanet/tasks/task.hpp"
#include "support/corpus.hpp"

/// Needles in real text.
namespace compare {

struct TaskSetting;

/// A text to hide needles in: training takes the first nine tenths, tests the rest.
using Haystack = std::shared_ptr<const example::Corpus>;

/// The text of these files; of none, that of the Eigen headers that this program is compiled with, read once. Throws
/// example::UsageError for files that cannot be read or are empty.
Haystack read_haystack(const std::vector<std::string>& files);

/// "800000 bytes of 500 files, the last 80000 for the tests, fingerprint f00d"
std::string description(const example::Corpus& haystack);

/// needle_text, over the Eigen headers, which are read when it first makes data.
deltanet::TokenTask needle_text_task();

/// Whether the needles of this task can be hidden in any text: needle_text, pass_key and niah_*.
bool hides_in_text(const std::string& task);

/// Such a task over a text of one's own. Throws example::UsageError where a part of the text is shorter than a sequence.
deltanet::TokenTask hidden_in(const Haystack& haystack, const TaskSetting& setting);

}  // namespace compare
