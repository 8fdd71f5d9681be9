#pragma once

#include "compare/page.hpp"
#include "compare/plots.hpp"
#include "compare/summary.hpp"
#include "compare/task.hpp"

/// What is drawn of the results on one task. All groups have at least one run.
namespace compare {

/// What the lines of `line_drawings` stand for.
std::vector<LegendEntry> legend(const Task& task, const std::vector<Group>& groups);

/// Scores over length, learning curves, and the size of the state along a sequence.
std::vector<Figure> line_drawings(const Plotter& plotter, const TaskSetting& setting, const Task& task,
                                  const std::vector<Group>& groups);

/// Of tasks over numbers: errors by position, and, where the law jumps, by the steps since a jump. None for tasks over tokens.
std::vector<Figure> error_drawings(const Plotter& plotter, const Task& task, const std::vector<Group>& groups);

/// For each model, accuracy by length and by the setting of the task's dial. None for tasks without one.
std::vector<Figure> dial_drawings(const Plotter& plotter, const TaskSetting& setting, const Task& task,
                                  const std::vector<Group>& groups);

/// For each model that has a memory of constant size, the memory before and after its largest write; for deep memories, whose
/// initial weights hide what a write does, the change. Large ones are drawn as means of blocks.
std::vector<Figure> write_drawings(const Plotter& plotter, const std::vector<Group>& groups);

}  // namespace compare
