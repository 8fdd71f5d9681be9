#include <cmath>
#include <iomanip>
#include <sstream>

#include "compare/gnuplot.hpp"
#include "compare/plots.hpp"

namespace compare {

namespace {

/// The number of a cell, legible on its colour.
std::string cell_text(double value, std::size_t row, std::size_t column) {
  std::ostringstream script;
  script << "set label '";
  if (std::isnan(value))
    script << '-';
  else
    script << std::fixed << std::setprecision(2) << value;
  script << "' at " << column << ',' << row << " center front textcolor '" << (value > 0.65 ? "#ffffff" : "#222222") << "'\n";
  return script.str();
}

}  // namespace

std::string Plotter::heat_map(const HeatMap& map) const {
  std::ostringstream script;
  script << std::setprecision(4) << "set xlabel " << quoted(map.x) << "\nset ylabel " << quoted(map.y)
         << "\nunset grid\nset border 15\nset cbrange [" << map.low << ':' << map.high << "]\nset palette defined "
         << (map.low < 0 ? "(-1 '#2166ac', 0 '#ffffff', 1 '#b2182b')" : "(0 '#f7fbff', 0.5 '#6baed6', 1 '#08306b')") << '\n';
  script << "set xrange [-0.5:" << map.values[0].size() << " - 0.5]\nset yrange [" << map.values.size() << " - 0.5:-0.5]\n";
  const auto tics = [&](const char* axis, const std::vector<std::string>& names) {
    if (names.empty()) return;
    const auto tic = [&](std::size_t i) { return quoted(names[i]) + ' ' + std::to_string(i); };
    script << "set " << axis << "tics scale 0 " << listed(names.size(), tic) << '\n';
  };
  tics("x", map.columns);
  tics("y", map.rows);
  if (map.numbers)
    script << "unset colorbox\n";
  else
    script << "set rmargin at screen 0.71\nset cblabel " << quoted(map.legend) << " offset -1.5\nset cbtics (" << map.low
           << ", 0, " << map.high << ") format '%-6.2g'\n";
  script << "$map << END\n";
  for (const auto& row : map.values) {
    for (const double value : row) script << value << ' ';
    script << '\n';
  }
  script << "END\n";
  for (std::size_t i = 0; map.numbers && i < map.values.size(); ++i)
    for (std::size_t j = 0; j < map.values[i].size(); ++j) script << cell_text(map.values[i][j], i, j);
  script << "plot $map matrix with image pixels\n";
  return draw(map.numbers ? "320,235" : "320,260", script.str());
}

}  // namespace compare
