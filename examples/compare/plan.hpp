#pragma once

#include "compare/options.hpp"
#include "compare/run.hpp"

namespace compare {

/// The runs of a comparison, and how long each takes in its thread.
struct Plan {
  std::vector<RunSetting> runs;
  std::vector<RunSpeed> speeds;

  [[nodiscard]] double seconds(std::size_t run) const {
    return speeds[run].step * static_cast<double>(runs[run].steps) + speeds[run].tests;
  }

  /// The order in which runs begin: the longest first, so that no thread waits for the last one.
  [[nodiscard]] std::vector<std::size_t> order() const;
};

/// Seconds until all runs are over that are not `finished`, each in the thread that is free first.
double seconds_of(const Plan& plan, int threads, const std::vector<bool>& finished);

/// Measures the speed of each model on each task, unless the folder tells it, calling `tell(done, all)`; then cuts the steps of
/// all runs by one factor, where it takes that to keep the time of the preset.
Plan make_plan(const Options& options, const std::function<void(std::size_t, std::size_t)>& tell);

}  // namespace compare
