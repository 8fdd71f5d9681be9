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
};

/// Seconds until all runs are over that are not `finished`, one after the other in the thread that is free first.
double seconds_of(const Plan& plan, int threads, const std::vector<bool>& finished);

/// Measures the speed of each model on each task, unless the folder tells it, calling `tell(done, all)`; then cuts the steps of
/// all runs by one factor, where it takes that to keep the time of the preset.
Plan make_plan(const Options& options, const std::function<void(std::size_t, std::size_t)>& tell);

}  // namespace compare
