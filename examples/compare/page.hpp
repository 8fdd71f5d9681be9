#pragma once

#include <string>
#include <vector>

namespace compare {

/// A drawing with a caption, which may be empty.
struct Figure {
  std::string caption;
  std::string svg;
};

/// How large the figures of a group are.
enum class FigureSize { large, small };

/// A page of HTML in one file that is legible from 400 pixels of width on: drawings shrink with it, tables scroll in their box.
class Page {
 public:
  explicit Page(const std::string& title);

  void heading(const std::string& text);
  void subheading(const std::string& text);
  void paragraph(const std::string& text);
  /// The first of the lines is the head. Columns that hold text are aligned to the left.
  void table(const std::vector<std::vector<std::string>>& lines, std::size_t text_columns = 1);
  /// Side by side, as many as there is room for. Figures without a drawing are left out.
  void figures(const std::vector<Figure>& figures, FigureSize size);

  [[nodiscard]] std::string text() const { return html_ + "</body>\n</html>\n"; }

 private:
  void element(const std::string& tag, const std::string& text);

  std::string html_;
};

}  // namespace compare
