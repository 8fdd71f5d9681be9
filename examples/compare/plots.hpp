#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "compare/line_style.hpp"

/// Pictures drawn by gnuplot, as SVG to be put into a page. Each returns an empty string where there is no gnuplot. Their sizes
/// are those of a telephone's width, so that their texts stay legible there.
namespace compare {

/// A line of a plot. A legend beside the plots says what it stands for; browsers show its name under the pointer.
struct Series {
  std::string name;
  LineStyle style;
  std::vector<double> x, y;
  std::vector<double> low, high;  // the spread about y; none where empty
};

struct Axes {
  std::string x, y;
  bool share = false;           // y is in [0, 1]; it is on a logarithmic scale otherwise
  double level = 0;             // a line across, such as that of guessing, unless 0
  std::vector<double> marks{};  // where x has numbers, on a logarithmic scale, and points, where lines have as many of them; x
                                // is counted from 0 where empty
};

/// A table of numbers as colours.
struct HeatMap {
  std::string x, y, legend;                 // names of the axes and of the colours
  std::vector<std::string> columns, rows;   // names beside the cells, the first row on top; none where empty
  std::vector<std::vector<double>> values;  // [rows][columns]; NaN where there is none
  double low = 0, high = 1;                 // the ends of the colours; below 0 blue, above red, where low < 0
  bool numbers = false;                     // in the cells, instead of a scale of the colours
};

class Plotter {
 public:
  /// `folder` takes the file that gnuplot writes, for a moment.
  explicit Plotter(std::filesystem::path folder) : folder_(std::move(folder)) {}

  [[nodiscard]] std::string lines(const std::vector<Series>& series, const Axes& axes) const;
  [[nodiscard]] std::string heat_map(const HeatMap& map) const;

 private:
  [[nodiscard]] std::string draw(const std::string& size, const std::string& script) const;

  std::filesystem::path folder_;
  mutable int drawn_ = 0;
};

}  // namespace compare
