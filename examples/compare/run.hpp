#pragma once

#include <filesystem>
#include <functional>
#include <optional>

#include "compare/setting.hpp"
#include "compare/task.hpp"

namespace compare {

/// What a run tells after each step.
struct RunProgress {
  Index step = 0;
  double loss = 0;          // of the step
  double score = 0;         // of the last point of its learning curve
  double seconds_left = 0;  // of training
};

/// Who runs it: is told how it goes on, and may stop it.
struct RunObserver {
  std::function<void(const RunProgress&)> tell;
  std::function<bool()> stopped;
};

/// Trains and tests one model on one task, that of the setting, where the folder has a checkpoint of the same setting from
/// there on. Saves one every minute, and when it is stopped, which it returns nothing for. An oracle is only tested.
std::optional<RunResult> run(const Task& task, const RunSetting& setting, const std::filesystem::path& folder,
                             const RunObserver& observer);

/// Removes the checkpoint of a run that is over.
void remove_checkpoint(const std::filesystem::path& folder, const RunSetting& setting);

/// Seconds that a run of this setting takes in one thread, by the speed of its first steps.
struct RunSpeed {
  double step = 0;   // of training
  double tests = 0;  // all of them
};
RunSpeed measure_speed(const Task& task, const RunSetting& setting);

}  // namespace compare
