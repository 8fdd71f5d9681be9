#pragma once

#include "compare/summary.hpp"

namespace compare {

/// Writes what came out: REPORT/index.html, one file with its plots inside, REPORT/results.md, and the CSV file. Returns a
/// remark where something is missing, such as the plots where there is no gnuplot. `runs` is how many there are in all.
std::string write_report(const Options& options, const std::vector<RunResult>& results, std::size_t runs);

}  // namespace compare
