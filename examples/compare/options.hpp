#pragma once

#include <filesystem>
#include <optional>

#include "compare/haystack.hpp"
#include "compare/setting.hpp"
#include "compare/task.hpp"
#include "support/usage_error.hpp"

/// What is compared, as the flags say.
namespace compare {

/// How a preset trains and tests one task.
struct TaskSetting {
  std::string task;
  Index length = 0;
  Index batch = 0;
  Index steps = 0;  // fewer, where the time is short
  std::vector<Index> test_lengths;
  Index num_layers = 0;        // where the task asks for another number than the flags say
  std::uint64_t haystack = 0;  // fingerprint of the text that its needles are hidden in; 0 where the task brings its own
};

/// A comparison that has a name.
struct Preset {
  std::string name;
  std::string description;
  std::vector<TaskSetting> tasks;
  std::vector<std::string> models;
  ModelSizes sizes;
  TrainingSettings training{};
  Index parameters = 0;  // of every model, but for its embedding and head, which depend on the task
  std::uint64_t seeds = 1;
  Index test_sequences = 0;
  std::optional<double> seconds;  // for all of it
};

/// quick, standard, reading and long.
std::vector<Preset> presets();

struct Options {
  Preset preset;            // with what the flags change of it
  std::vector<Task> tasks;  // those of the preset
  Haystack haystack;        // that some of them hide their needles in; null where none does
  int threads = 0;          // runs at a time; 0 for one a processor
  bool list = false;
  std::filesystem::path report = "runs/compare";
  std::filesystem::path csv;  // REPORT/results.csv where empty
};

/// Ends the program after --help; throws UsageError.
Options parse_options(int argc, char** argv);

/// All runs: seed by seed, task by task, model by model; then the oracles of the tasks.
std::vector<RunSetting> run_settings(const Options& options);

}  // namespace compare
