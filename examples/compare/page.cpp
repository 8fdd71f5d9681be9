#include "compare/page.hpp"

namespace compare {

namespace {

constexpr const char* head = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body { font: 16px/1.5 system-ui, sans-serif; color: #222; background: #fff; max-width: 1240px; margin: 0 auto; padding: 0 16px 48px; }
h1 { font-size: 1.6rem; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid #ccc; }
h3 { font-size: 1rem; margin: 1.5rem 0 .5rem; }
p { max-width: 46rem; }
.large, .small { display: grid; gap: 16px; margin: 16px 0; }
.large { grid-template-columns: repeat(auto-fill, minmax(min(100%, 500px), 1fr)); }
.small { grid-template-columns: repeat(auto-fill, minmax(min(100%, 260px), 1fr)); }
figure { margin: 0; min-width: 0; }
figcaption { font-weight: 600; font-size: .9rem; }
svg { display: block; width: 100%; height: auto; }
.large svg { max-width: 640px; }
.small svg { max-width: 380px; }
.table { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; }
th, td { padding: 3px 10px; text-align: right; border-bottom: 1px solid #ddd; white-space: nowrap; font-variant-numeric: tabular-nums; }
.text { text-align: left; }
</style>
)";

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) result += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : std::string(1, c);
  return result;
}

}  // namespace

Page::Page(const std::string& title) : html_(head) {
  html_ += "<title>" + escaped(title) + "</title>\n</head>\n<body>\n";
  element("h1", title);
}

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

void Page::figures(const std::vector<Figure>& figures, FigureSize size) {
  html_ += size == FigureSize::large ? "<div class=\"large\">\n" : "<div class=\"small\">\n";
  for (const Figure& figure : figures) {
    if (figure.svg.empty()) continue;
    html_ += "<figure>";
    if (!figure.caption.empty()) html_ += "<figcaption>" + escaped(figure.caption) + "</figcaption>\n";
    html_ += figure.svg + "</figure>\n";
  }
  html_ += "</div>\n";
}

}  // namespace compare
