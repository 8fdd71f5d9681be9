#pragma once

#include <string>
#include <vector>

#include "compare/line_style.hpp"

namespace compare {

/// A drawing with a caption.
struct Figure {
  std::string caption;
  std::string svg;
};

/// What a line of the drawings stands for.
struct LegendEntry {
  std::string name;
  LineStyle style;
};

/// A page of HTML in one file that is legible from 400 pixels of width on: drawings shrink with it, tables scroll in their box.
class Page {
 public:
  explicit Page(const std::string& title);

  void heading(const std::string& text);
  void subheading(const std::string& text);
  void paragraph(const std::string& text);
  /// The first of the lines is the head. Columns that hold text are aligned to the left.
  void table(const std::vector<std::vector<std::string>>& lines, std::size_t text_columns = 1);
  /// Plots of lines, side by side as many as there is room for, under a legend that stays in sight.
  void plots(const std::vector<LegendEntry>& legend, const std::vector<Figure>& figures);
  /// Small drawings, more of them side by side.
  void figures(const std::vector<Figure>& figures);

  [[nodiscard]] std::string text() const;

 private:
  void element(const std::string& tag, const std::string& text);
  void grid(const char* size, const std::vector<Figure>& figures);

  std::string html_;
};

}  // namespace compare
