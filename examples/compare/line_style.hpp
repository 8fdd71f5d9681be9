#pragma once

#include <string>
#include <vector>

namespace compare {

/// How a line looks, in plots and in legends.
struct LineStyle {
  std::string colour;       // "#0072b2"
  std::vector<int> dashes;  // the lengths of dash and gap in turn; none for a solid line
};

/// Styles by number: 21 that stay apart, for the colour-blind too.
LineStyle line_style(std::size_t number);

/// Those of oracles, by number: six that stay apart, grey, so that models stand before them.
LineStyle oracle_style(std::size_t number);

/// That of a line across a plot, such as the accuracy of guessing.
LineStyle level_style();

}  // namespace compare
