#include <algorithm>

#include "compare/drawings.hpp"
#include "compare/series.hpp"

namespace compare {

namespace {

/// A line a group through one of the error curves, the mean over seeds.
std::vector<Series> curves(const std::vector<Group>& groups, std::vector<ErrorPoint> ErrorCurves::*curve) {
  return series(groups, [&](const Group& group, Series& line) {
    for (std::size_t i = 0; i < (group.runs[0].errors.*curve).size(); ++i) {
      double sum = 0;
      for (const RunResult& run : group.runs) sum += (run.errors.*curve)[i].error;
      line.x.push_back((group.runs[0].errors.*curve)[i].place);
      line.y.push_back(sum / static_cast<double>(group.runs.size()));
    }
  });
}

/// 1, 4, 16 .. up to the end of the lines.
std::vector<double> powers_of_four(const std::vector<Series>& lines) {
  double last = 1;
  for (const Series& line : lines) last = std::max(last, line.x.back());
  std::vector<double> marks;
  for (double mark = 1; mark <= last; mark *= 4) marks.push_back(mark);
  return marks;
}

}  // namespace

std::vector<Figure> error_drawings(const Plotter& plotter, const Task& task, const std::vector<Group>& groups) {
  const auto by_position = curves(groups, &ErrorCurves::by_position);
  Axes along = score_axes(task, "position (counted from 1)");
  along.marks = powers_of_four(by_position);
  const Axes since = score_axes(task, "steps since the law jumped");
  return {{"Error by position", plotter.lines(by_position, along)},
          {"After a jump to a new law", plotter.lines(curves(groups, &ErrorCurves::after_new), since)},
          {"After a jump back to an old law", plotter.lines(curves(groups, &ErrorCurves::after_return), since)}};
}

}  // namespace compare
