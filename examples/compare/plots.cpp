#include "compare/plots.hpp"

#include <fstream>
#include <iomanip>
#include <sstream>

#include "support/compressors.hpp"

namespace compare {

namespace {

/// Fifteen colours that stay apart; the second time around lines are dashed.
constexpr const char* colours[] = {"#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f",
                                   "#bcbd22", "#17becf", "#003f5c", "#a05195", "#f95d6a", "#665191", "#ffa600"};

/// A text in gnuplot's quotes.
std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? "''" : std::string(1, c);
  return result + "'";
}

std::string block_name(std::size_t i) { return "$series" + std::to_string(i); }

}  // namespace

std::string Plotter::draw(const std::string& size, const std::string& script) const {
  const std::filesystem::path picture = folder_ / "plot.tmp";
  std::ostringstream all;
  all << "set terminal svg size " << size << " dynamic font 'Helvetica,13' background 'white' name 'plot" << drawn_++
      << "'\nset output " << quoted(picture.string()) << "\nset tics nomirror\nset border 3 lw 0.7\n"
      << "set grid lc '#dddddd'\nset termoption noenhanced\n"
      << script;
  std::string svg;
  if (example::feed("gnuplot", all.str())) {
    std::ifstream file(picture);
    svg.assign(std::istreambuf_iterator<char>(file), {});
    svg.erase(0, svg.find("<svg"));  // the XML header has no place within a page
  }
  std::error_code error;
  std::filesystem::remove(picture, error);
  return svg;
}

std::string Plotter::lines(const std::vector<Series>& series, const Axes& axes) const {
  std::ostringstream script, plot;
  script << std::setprecision(7) << "set xlabel " << quoted(axes.x) << "\nset ylabel " << quoted(axes.y)
         << "\nset key bmargin center horizontal maxcols 2 samplen 2\nset border 3\n";
  if (axes.log_x) script << "set logscale x 2\n";
  if (axes.log_y) script << "set logscale y 10\nset format y '%g'\n";
  if (axes.share) script << "set yrange [0:1.02]\n";
  for (std::size_t i = 0; i < series.size(); ++i) {
    const Series& line = series[i];
    script << block_name(i) << " << END\n";
    for (std::size_t j = 0; j < line.x.size(); ++j) {
      script << line.x[j] << ' ' << line.y[j];
      if (!line.low.empty()) script << ' ' << line.low[j] << ' ' << line.high[j];
      script << '\n';
    }
    script << "END\n";
    const std::string style = std::string(" lw 2 lc '") + colours[line.colour % std::size(colours)] + "' dt " +
                              std::to_string(line.colour / std::size(colours) + 1);
    plot << (i == 0 ? "plot " : ", ") << block_name(i)
         << (line.low.empty() ? " using 1:2 with lines" : " with yerrorlines pt 7 ps 0.4") << style << " title "
         << quoted(line.name);
  }
  if (axes.level > 0) plot << ", " << axes.level << " with lines lc '#555555' dt 3 title 'guessing'";
  const std::size_t rows_of_names = (series.size() + 2) / 2;
  return draw("560," + std::to_string(330 + 17 * rows_of_names), script.str() + plot.str() + '\n');
}

std::string Plotter::heat_map(const HeatMap& map) const {
  std::ostringstream script;
  script << std::setprecision(5) << "set title " << quoted(map.title) << "\nset xlabel " << quoted(map.x) << "\nset ylabel "
         << quoted(map.y) << "\nset cblabel " << quoted(map.legend) << "\nunset key\nunset grid\nset border 15\nset cbrange ["
         << map.low << ':' << map.high << "]\nset palette defined "
         << (map.low < 0 ? "(-1 '#2166ac', 0 '#ffffff', 1 '#b2182b')" : "(0 '#fff7ec', 0.5 '#fdbb84', 1 '#7f0000')") << '\n';
  script << "set xrange [-0.5:" << map.values[0].size() << " - 0.5]\nset yrange [" << map.values.size() << " - 0.5:-0.5]\n";
  const auto tics = [&](const char* axis, const std::vector<std::string>& names) {
    if (names.empty()) return;
    script << "set " << axis << "tics (";
    for (std::size_t i = 0; i < names.size(); ++i) script << (i ? ", " : "") << quoted(names[i]) << ' ' << i;
    script << ")\n";
  };
  tics("x", map.columns);
  tics("y", map.rows);
  script << "$map << END\n";
  for (const auto& row : map.values) {
    for (const double value : row) script << value << ' ';
    script << '\n';
  }
  script << "END\nplot $map matrix with image pixels\n";
  return draw("330,290", script.str());
}

}  // namespace compare
