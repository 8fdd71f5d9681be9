#include "compare/drawings.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "compare/series.hpp"

namespace compare {

namespace {

using deltanet::detail::concat;

template <class Names, class Name>
std::size_t place(const Names& names, const Name& name) {
  return static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
}

std::vector<std::string> texts(const auto& numbers) {
  std::vector<std::string> result;
  for (const auto number : numbers) {
    std::ostringstream text;
    text << number;
    result.push_back(text.str());
  }
  return result;
}

}  // namespace

std::vector<LegendEntry> legend(const Task& task, const std::vector<Group>& groups) {
  std::vector<LegendEntry> entries;
  for (const Group& group : groups) entries.push_back({group.title(), style_of(group)});
  if (task.measure.guessing > 0) entries.push_back({"guessing", level_style()});
  return entries;
}

std::vector<Figure> line_drawings(const Plotter& plotter, const TaskSetting& setting, const Task& task,
                                  const std::vector<Group>& groups) {
  const auto by_length = series(groups, [&](const Group& group, Series& line) {
    for (std::size_t i = 0; i < setting.test_lengths.size(); ++i) {
      const Spread score = group.score(i);
      line.x.push_back(static_cast<double>(setting.test_lengths[i]));
      line.y.push_back(score.mean);
      if (group.runs.size() > 1) line.low.push_back(score.low), line.high.push_back(score.high);
    }
  });
  const auto by_step = series(groups, [&](const Group& group, Series& line) {
    for (std::size_t i = 0; i < group.runs[0].curve.size(); ++i) {
      line.x.push_back(static_cast<double>(group.runs[0].curve[i].step));
      line.y.push_back(group.curve(i).mean);
    }
  });
  const auto norms = series(groups, [&](const Group& group, Series& line) {
    for (const StateNorm& norm : group.runs[0].norms)
      if (norm.norm > 0) line.x.push_back(static_cast<double>(norm.tokens)), line.y.push_back(norm.norm);
  });
  Axes over_length = score_axes(task, "length of the sequence (tokens)");
  over_length.marks.assign(setting.test_lengths.begin(), setting.test_lengths.end());
  return {
      {concat(sentence_case(task.measure.name), " over length"), plotter.lines(by_length, over_length)},
      {concat("Learning curves, at ", setting.length, " tokens"), plotter.lines(by_step, score_axes(task, "training (steps)"))},
      {"Size of the state along a sequence", plotter.lines(norms, {.x = "position (tokens read)", .y = "norm of the state"})}};
}

std::vector<Figure> dial_drawings(const Plotter& plotter, const TaskSetting& setting, const Task& task,
                                  const std::vector<Group>& groups) {
  std::vector<Figure> figures;
  for (const Group& group : groups) {
    const std::vector<TestScore>& tests = group.runs[0].dial_tests;
    if (tests.empty()) continue;
    HeatMap map{.x = "length of the sequence (tokens)",
                .y = task.dial.name,
                .legend = "",
                .columns = texts(setting.test_lengths),
                .rows = texts(task.dial.settings),
                .values = {},
                .numbers = true};
    map.values.assign(map.rows.size(), std::vector<double>(map.columns.size(), std::nan("")));  // some do not fit
    for (std::size_t i = 0; i < tests.size(); ++i)
      map.values[place(task.dial.settings, tests[i].dial)][place(setting.test_lengths, tests[i].length)] = group.dial_score(i);
    figures.push_back({group.title(), plotter.heat_map(map)});
  }
  return figures;
}

}  // namespace compare
