#include "compare/drawings.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "compare/models.hpp"

namespace compare {

namespace {

using deltanet::detail::concat;

/// The style of a model's lines, everywhere the same.
LineStyle style_of(const std::string& model) {
  const auto& kinds = model_kinds();
  const auto found = std::find_if(kinds.begin(), kinds.end(), [&](const auto& kind) { return kind.name == model; });
  return line_style(static_cast<std::size_t>(found - kinds.begin()));
}

/// One line a model; add(group, line) puts its points in.
template <class Add>
std::vector<Series> series(const std::vector<Group>& groups, const Add& add) {
  std::vector<Series> lines;
  for (const Group& group : groups) {
    Series line{.name = find_model(group.model).title, .style = style_of(group.model), .x = {}, .y = {}, .low = {}, .high = {}};
    add(group, line);
    if (!line.x.empty()) lines.push_back(std::move(line));
  }
  return lines;
}

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

std::vector<LegendEntry> legend(const deltanet::TokenTask& task, const std::vector<Group>& groups) {
  std::vector<LegendEntry> entries;
  for (const Group& group : groups) entries.push_back({find_model(group.model).title, style_of(group.model)});
  if (task.chance > 0) entries.push_back({"guessing", level_style()});
  return entries;
}

std::vector<Figure> line_drawings(const Plotter& plotter, const TaskSetting& setting, const deltanet::TokenTask& task,
                                  const std::vector<Group>& groups) {
  const auto by_length = series(groups, [&](const Group& group, Series& line) {
    for (std::size_t i = 0; i < setting.test_lengths.size(); ++i) {
      const Spread accuracy = group.accuracy(i);
      line.x.push_back(static_cast<double>(setting.test_lengths[i]));
      line.y.push_back(accuracy.mean);
      if (group.runs.size() > 1) line.low.push_back(accuracy.low), line.high.push_back(accuracy.high);
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
  const std::string accuracy = "accuracy (share of answers)";
  return {
      {"Accuracy over length", plotter.lines(by_length, {.x = "length of the sequence (tokens)",
                                                         .y = accuracy,
                                                         .share = true,
                                                         .level = task.chance,
                                                         .marks = {setting.test_lengths.begin(), setting.test_lengths.end()}})},
      {concat("Learning curves, at ", setting.length, " tokens"),
       plotter.lines(by_step, {.x = "training (steps)", .y = accuracy, .share = true, .level = task.chance})},
      {"Size of the state along a sequence", plotter.lines(norms, {.x = "position (tokens read)", .y = "norm of the state"})}};
}

std::vector<Figure> dial_drawings(const Plotter& plotter, const TaskSetting& setting, const deltanet::TokenTask& task,
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
      map.values[place(task.dial.settings, tests[i].dial)][place(setting.test_lengths, tests[i].length)] =
          group.dial_accuracy(i);
    figures.push_back({find_model(group.model).title, plotter.heat_map(map)});
  }
  return figures;
}

}  // namespace compare
