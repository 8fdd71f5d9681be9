#include "compare/drawings.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "compare/models.hpp"

namespace compare {

namespace {

/// A line without points yet, in the colour that its model has everywhere.
Series series_of(const Group& group) {
  const auto& kinds = model_kinds();
  const auto found = std::find_if(kinds.begin(), kinds.end(), [&](const auto& kind) { return kind.name == group.model; });
  return {
      .name = found->title, .colour = static_cast<std::size_t>(found - kinds.begin()), .x = {}, .y = {}, .low = {}, .high = {}};
}

/// One line a model; add(group, line) puts its points in.
template <class Add>
std::vector<Series> series(const std::vector<Group>& groups, const Add& add) {
  std::vector<Series> lines;
  for (const Group& group : groups) {
    Series line = series_of(group);
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
  return {{"Accuracy over length",
           plotter.lines(by_length, {.x = "tokens", .y = "accuracy", .log_x = true, .share = true, .level = task.chance})},
          {"Learning curves",
           plotter.lines(
               by_step,
               {.x = "steps of training", .y = "accuracy at the length in training", .share = true, .level = task.chance})},
          {"Size of the state along a sequence",
           plotter.lines(norms, {.x = "tokens read", .y = "norm of all that is remembered", .log_y = true})}};
}

std::vector<Figure> dial_drawings(const Plotter& plotter, const TaskSetting& setting, const deltanet::TokenTask& task,
                                  const std::vector<Group>& groups) {
  std::vector<Figure> figures;
  for (const Group& group : groups) {
    const std::vector<TestScore>& tests = group.runs[0].dial_tests;
    if (tests.empty()) continue;
    HeatMap map{.title = find_model(group.model).title,
                .x = "tokens",
                .y = task.dial.name,
                .legend = "accuracy",
                .columns = texts(setting.test_lengths),
                .rows = texts(task.dial.settings),
                .values = {}};
    map.values.assign(map.rows.size(), std::vector<double>(map.columns.size(), std::nan("")));  // some do not fit
    for (std::size_t i = 0; i < tests.size(); ++i)
      map.values[place(task.dial.settings, tests[i].dial)][place(setting.test_lengths, tests[i].length)] =
          group.dial_accuracy(i);
    figures.push_back({"", plotter.heat_map(map)});
  }
  return figures;
}

std::vector<Figure> write_drawings(const Plotter& plotter, const std::vector<Group>& groups) {
  std::vector<Figure> figures;
  for (const Group& group : groups) {
    const MemoryWrite& write = group.runs[0].write;
    if (write.before.empty()) continue;
    float most = 0;
    for (const auto* memory : {&write.before, &write.after})
      for (const float entry : *memory) most = std::max(most, std::abs(entry));
    const auto draw = [&](const std::string& when, const std::vector<float>& entries) {
      HeatMap map{.title = find_model(group.model).title + when + std::to_string(write.token),
                  .x = "value channel",
                  .y = "key channel",
                  .legend = "",
                  .columns = {},
                  .rows = {},
                  .values = {},
                  .low = -most,
                  .high = most};
      for (Index row = 0; row < write.rows; ++row)
        map.values.emplace_back(entries.begin() + row * write.columns, entries.begin() + (row + 1) * write.columns);
      figures.push_back({"", plotter.heat_map(map)});
    };
    draw(", before token ", write.before);
    draw(", after token ", write.after);
  }
  return figures;
}

}  // namespace compare
