#include "compare/page.hpp"

#include "compare/page_style.hpp"
#include "deltanet/core/check.hpp"

namespace compare {

namespace {

using deltanet::detail::concat;

constexpr const char* head = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
)";

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) result += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : std::string(1, c);
  return result;
}

}  // namespace

Page::Page(const std::string& title) : html_(head) {
  html_ += concat("<title>", escaped(title), "</title>\n<style>", page_style, "</style>\n</head>\n<body>\n");
  element("h1", title);
}

std::string Page::text() const { return concat(html_, "<script>", page_script, "</script>\n</body>\n</html>\n"); }

void Page::heading(const std::string& text) { element("h2", text); }
void Page::subheading(const std::string& text) { element("h3", text); }
void Page::paragraph(const std::string& text) { element("p", text); }

void Page::element(const std::string& tag, const std::string& text) {
  html_ += "<" + tag + ">" + escaped(text) + "</" + tag + ">\n";
}

void Page::table(const std::vector<std::vector<std::string>>& lines, std::size_t text_columns) {
  html_ += "<div class=\"table\"><table>\n";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string tag = i == 0 ? "th" : "td";
    html_ += "<tr>";
    for (std::size_t j = 0; j < lines[i].size(); ++j)
      html_ += "<" + tag + (j < text_columns ? " class=\"text\">" : ">") + escaped(lines[i][j]) + "</" + tag + ">";
    html_ += "</tr>\n";
  }
  html_ += "</table></div>\n";
}

void Page::plots(const std::vector<LegendEntry>& legend, const std::vector<Figure>& figures) {
  html_ += "<div class=\"plots\"><div class=\"legend\">\n";
  for (const auto& [name, style] : legend) {
    html_ += concat("<button type=\"button\"><svg aria-hidden=\"true\"><path d=\"M0 4h30\" stroke-width=\"2.5\" stroke=\"",
                    style.colour, "\" stroke-dasharray=\"");
    for (const int length : style.dashes) html_ += concat(length, ' ');
    html_ += concat("\"/></svg>", escaped(name), "</button>\n");
  }
  html_ += "</div>\n";
  grid("large", figures);
  html_ += "</div>\n";
}

void Page::figures(const std::vector<Figure>& figures) { grid("small", figures); }

void Page::grid(const char* size, const std::vector<Figure>& figures) {
  html_ += concat("<div class=\"", size, "\">\n");
  for (const Figure& figure : figures)
    html_ += concat("<figure><figcaption>", escaped(figure.caption), "</figcaption>\n", figure.svg, "</figure>\n");
  html_ += "</div>\n";
}

}  // namespace compare
