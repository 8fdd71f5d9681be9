#pragma once

#include <map>
#include <string>

#include "support/corpus.hpp"
#include "support/options.hpp"

namespace example {

/// The main job for one kind of model; `program` is its name in what it prints.
using Job = void (*)(const Options&, const Corpus&, const std::string& program);

/// The jobs by the names that --model takes, a source for each group: models take long to compile.
std::map<std::string, Job> delta_rule_jobs();
std::map<std::string, Job> neural_memory_jobs();
std::map<std::string, Job> titans_jobs();

}  // namespace example
