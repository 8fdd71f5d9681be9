#include <algorithm>
#include <cmath>

#include "compare/drawings.hpp"

namespace compare {

namespace {

using deltanet::detail::concat;

constexpr Index most_rows = 32, most_columns = 64;  // of a picture

/// A picture of a matrix, [rows, columns]: its entries, or the means of blocks of them where it is large.
struct Picture {
  Index block_rows = 1, block_columns = 1;
  std::vector<std::vector<double>> values;
};

Picture picture(const std::vector<float>& matrix, Index rows, Index columns) {
  Picture result{(rows + most_rows - 1) / most_rows, (columns + most_columns - 1) / most_columns, {}};
  for (Index top = 0; top < rows; top += result.block_rows) {
    std::vector<double>& line = result.values.emplace_back();
    for (Index left = 0; left < columns; left += result.block_columns) {
      const Index bottom = std::min(rows, top + result.block_rows), right = std::min(columns, left + result.block_columns);
      double sum = 0;
      for (Index i = top; i < bottom; ++i)
        for (Index j = left; j < right; ++j) sum += static_cast<double>(matrix[static_cast<std::size_t>(i * columns + j)]);
      line.push_back(sum / static_cast<double>((bottom - top) * (right - left)));
    }
  }
  return result;
}

double largest(const std::vector<Picture>& pictures) {
  double most = 1e-12;  // gnuplot wants a range
  for (const Picture& each : pictures)
    for (const auto& line : each.values)
      for (const double value : line) most = std::max(most, std::abs(value));
  return most;
}

}  // namespace

std::vector<Figure> write_drawings(const Plotter& plotter, const std::vector<Group>& groups) {
  std::vector<Figure> figures;
  for (const Group& group : groups) {
    const MemoryWrite& write = group.runs[0].write;
    if (write.before.empty()) continue;
    std::vector<Picture> pictures;
    std::vector<std::string> when;
    if (write.deep) {
      std::vector<float> change(write.after);
      for (std::size_t i = 0; i < change.size(); ++i) change[i] -= write.before[i];
      pictures = {picture(change, write.rows, write.columns)};
      when = {"change by"};
    } else {
      pictures = {picture(write.before, write.rows, write.columns), picture(write.after, write.rows, write.columns)};
      when = {"before", "after"};
    }
    const double most = largest(pictures);
    for (std::size_t i = 0; i < pictures.size(); ++i) {
      const Picture& shown = pictures[i];
      std::string caption = concat(group.title(), ", ", when[i], " token ", write.token);
      if (shown.block_rows * shown.block_columns > 1)
        caption += concat(" (means of ", shown.block_rows, " x ", shown.block_columns, " entries)");
      const auto axis = [](const char* name, Index block) { return block > 1 ? concat(name, " / ", block) : name; };
      figures.push_back(
          {caption, plotter.heat_map({.x = axis(write.deep ? "output channel" : "value channel", shown.block_columns),
                                      .y = axis("key channel", shown.block_rows),
                                      .legend = write.deep ? "change" : "entry",
                                      .columns = {},
                                      .rows = {},
                                      .values = shown.values,
                                      .low = -most,
                                      .high = most})});
    }
  }
  return figures;
}

}  // namespace compare
