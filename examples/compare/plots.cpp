#include "compare/plots.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iomanip>
#include <sstream>

#include "compare/gnuplot.hpp"
#include "deltanet/core/check.hpp"
#include "support/compressors.hpp"

namespace compare {

namespace {

using deltanet::detail::concat;

/// What gnuplot calls a line of this style.
std::string gnuplot_style(const LineStyle& style) {
  const std::string dashes = listed(style.dashes.size(), [&](std::size_t i) { return std::to_string(style.dashes[i]); });
  return " lc '" + style.colour + "' dt " + (style.dashes.empty() ? "solid" : dashes);
}

/// The largest of 1, 2 and 5 times a power of ten up to this number.
double round_below(double number) {
  const double power = std::pow(10, std::floor(std::log10(number)));
  return power * (number >= 5 * power ? 5 : number >= 2 * power ? 2 : 1);
}

/// The least and the greatest of all x or of all y.
std::pair<double, double> range(const std::vector<Series>& series, std::vector<double> Series::*numbers) {
  std::pair<double, double> result{INFINITY, -INFINITY};
  for (const Series& line : series)
    for (const double number : line.*numbers) result = {std::min(result.first, number), std::max(result.second, number)};
  return result;
}

/// Where the axes have numbers, and where they end.
std::string axes_script(const std::vector<Series>& series, const Axes& axes) {
  std::ostringstream script;
  script << "set xlabel " << quoted(axes.x) << "\nset ylabel " << quoted(axes.y) << '\n';
  if (axes.marks.empty()) {
    const double last = range(series, &Series::x).second;
    script << "set xrange [0:" << last << "]\nset xtics " << round_below(last / 2.5) << '\n';
  } else {
    const auto mark = [&](std::size_t i) { return std::to_string(std::lround(axes.marks[i])); };
    script << "set logscale x 2\nset offsets graph 0.03, graph 0.03, 0, 0\nset xtics " << listed(axes.marks.size(), mark)
           << '\n';
  }
  if (axes.share) return script.str() + "set yrange [0:1.02]\nset ytics 0.2\n";
  const auto [least, most] = range(series, &Series::y);
  const double bottom = least / 1.2, top = most * 1.2;
  script << "set logscale y 10\nset format y '%g'\nset yrange [" << bottom << ':' << top << "]\n";
  if (most < 100 * least) {  // decades alone would be too few
    std::vector<std::string> tics;
    if (const double step = round_below((top - bottom) / 2.5); most < 5 * least)
      for (double tic = step * std::ceil(bottom / step); tic <= top; tic += step) tics.push_back(concat(tic));
    else
      for (double tic = round_below(least); tic <= 2 * most; tic = round_below(2.6 * tic)) tics.push_back(concat(tic));
    script << "set ytics " << listed(tics.size(), [&](std::size_t i) { return tics[i]; }) << '\n';
  }
  return script.str();
}

}  // namespace

std::string Plotter::draw(const std::string& size, const std::string& script) const {
  const std::filesystem::path picture = folder_ / "plot.tmp";
  std::ostringstream all;
  all << "set terminal svg size " << size << " dynamic font 'Helvetica,13' background 'white' name 'plot" << drawn_++
      << "'\nset output " << quoted(picture.string())
      << "\nset tics nomirror scale 0.5\nset border 3 lw 0.7\nset grid lw 0.7 dt solid lc '#e8e8e8'\nunset key\nset termoption "
         "noenhanced\n"
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
  if (series.empty()) return {};
  std::ostringstream script, plot;
  script << std::setprecision(7) << axes_script(series, axes);
  const auto draw_line = [&](const std::string& name, const std::string& what) {
    plot << (plot.str().empty() ? "plot " : ", ") << what << " title " << quoted(name) << " noenhanced";
  };
  if (axes.level > 0) draw_line("guessing", concat(axes.level, " with lines lw 1.5", gnuplot_style(level_style())));
  for (std::size_t i = 0; i < series.size(); ++i) {
    const Series& line = series[i];
    const std::string block = "$series" + std::to_string(i);
    script << block << " << END\n";
    for (std::size_t j = 0; j < line.x.size(); ++j) {
      script << line.x[j] << ' ' << line.y[j];
      if (!line.low.empty()) script << ' ' << line.low[j] << ' ' << line.high[j];
      script << '\n';
    }
    script << "END\n";
    if (!line.low.empty())
      draw_line(line.name, concat(block, " using 1:3:(0):($4 - $3) with vectors nohead lw 1 lc '", line.style.colour, "'"));
    draw_line(line.name,
              concat(block, " using 1:2 with ", line.x.size() == axes.marks.size() ? "linespoints pt 7 ps 0.3" : "lines",
                     " lw 2", gnuplot_style(line.style)));
  }
  return draw("400,300", script.str() + plot.str() + '\n');
}

}  // namespace compare
