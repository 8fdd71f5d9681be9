#pragma once

#include <algorithm>

#include "compare/models.hpp"
#include "compare/plots.hpp"
#include "compare/summary.hpp"
#include "compare/tasks.hpp"

/// Groups of results as lines of plots.
namespace compare {

/// The style of a model's or an oracle's lines, everywhere the same.
inline LineStyle style_of(const Group& group) {
  const auto place = [&](const auto& entries) {
    const auto found =
        std::find_if(entries.begin(), entries.end(), [&](const auto& entry) { return entry.name == group.model; });
    return static_cast<std::size_t>(found - entries.begin());
  };
  return group.oracle() ? oracle_style(place(find_task(group.task).oracles)) : line_style(place(model_kinds()));
}

/// One line a group; add(group, line) puts its points in.
template <class Add>
std::vector<Series> series(const std::vector<Group>& groups, const Add& add) {
  std::vector<Series> lines;
  for (const Group& group : groups) {
    Series line{.name = group.title(), .style = style_of(group), .x = {}, .y = {}, .low = {}, .high = {}};
    add(group, line);
    if (!line.x.empty()) lines.push_back(std::move(line));
  }
  return lines;
}

/// Axes of the task's measure over something.
inline Axes score_axes(const Task& task, const std::string& x) {
  return {.x = x, .y = task.measure.axis, .share = task.measure.share, .level = task.measure.guessing};
}

}  // namespace compare
