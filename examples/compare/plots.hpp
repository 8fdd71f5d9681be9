#pragma once

#include <filesystem>
#include <string>
#include <vector>

/// Pictures drawn by gnuplot, as SVG to be put into a page. Each returns an empty string where there is no gnuplot.
namespace compare {

/// A line of a plot. Its colour is the same wherever it is drawn.
struct Series {
  std::string name;
  std::size_t colour = 0;
  std::vector<double> x, y;
  std::vector<double> low, high;  // the spread about y; none where empty
};

struct Axes {
  std::string x, y;
  bool log_x = false, log_y = false;
  bool share = false;  // y is in [0, 1]
  double level = 0;    // a dashed line, such as that of guessing, unless 0
};

/// A table of numbers as colours.
struct HeatMap {
  std::string title, x, y, legend;
  std::vector<std::string> columns, rows;   // names beside the cells, the first row on top; none where empty
  std::vector<std::vector<double>> values;  // [rows][columns]
  double low = 0, high = 1;                 // the ends of the colours; below 0 blue, above red, where low < 0
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
