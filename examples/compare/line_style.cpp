#include "compare/line_style.hpp"

namespace compare {

LineStyle line_style(std::size_t number) {
  // the colours of Okabe and Ito but for their yellow, which is too light for lines
  static const std::vector<std::string> colours{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"};
  static const std::vector<std::vector<int>> dashes{{}, {7, 3}, {2, 2}};
  return {colours[number % colours.size()], dashes[number / colours.size() % dashes.size()]};
}

LineStyle oracle_style(std::size_t number) {
  static const std::vector<std::string> colours{"#555555", "#a6a6a6"};
  static const std::vector<std::vector<int>> dashes{{12, 3}, {8, 3, 2, 3}, {4, 3}};
  return {colours[number % colours.size()], dashes[number / colours.size() % dashes.size()]};
}

LineStyle level_style() { return {"#888888", {1, 4}}; }

}  // namespace compare
