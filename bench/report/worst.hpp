#pragma once

#include <ostream>
#include <sstream>

#include "report/measurement.hpp"

/// The worst beside the best: what other gates and plain memory cost.
namespace deltanet::bench {

/// The milliseconds of a benchmark under all conditions that it was measured in.
struct Conditions {
  std::map<std::string, double> plain, kept;  // by gates
};
using Worst = std::map<std::string, Conditions>;  // by the name without gates

[[nodiscard]] inline Worst worst_of(const std::vector<Measurement>& all) {
  Worst worst;
  for (const Measurement& m : all) {
    const std::size_t slash = m.name.rfind('/');
    const std::string last = m.name.substr(slash + 1);
    const bool named = last == "mild" || last == "init" || last == "strong" || last == "mixed";
    Conditions& conditions = worst[named ? m.name.substr(0, slash) : m.name];
    (m.memory == "kept" ? conditions.kept : conditions.plain)[named ? last : "mild"] = m.median.at("real_time");
  }
  return worst;
}

/// times[gates] over another time, where there are both.
[[nodiscard]] inline std::optional<double> ratio(const std::map<std::string, double>& times, const std::string& gates,
                                                 const std::map<std::string, double>& to) {
  const auto time = times.find(gates), base = to.find("mild");
  if (time == times.end() || base == to.end()) return std::nullopt;
  return time->second / base->second;
}

/// Rows of the benchmarks that were measured in more than one condition.
inline void write_worst(std::ostream& out, const Worst& worst) {
  std::ostringstream rows;
  for (const auto& [name, at] : worst) {
    if (at.plain.size() + at.kept.size() < 2 || !at.plain.contains("mild")) continue;
    rows << "| " << name << " | " << number(at.plain.at("mild"), "%.3g");
    for (const char* gates : {"init", "strong", "mixed"}) rows << " | " << number(ratio(at.plain, gates, at.plain), "%.2f");
    rows << " | " << number(ratio(at.plain, "mild", at.kept), "%.2f") << " |\n";
  }
  if (rows.str().empty()) return;
  out << "Milliseconds with mild gates (of layers and models: as they are initialised) and plain memory, other gates as\n"
         "multiples of them, and plain memory over kept:\n\n"
         "| benchmark | ms | init | strong | mixed | plain / kept |\n| --- | --: | --: | --: | --: | --: |\n"
      << rows.str() << '\n';
}

/// gnuplot's script for bars: prefill of every member with other gates over that with mild ones.
[[nodiscard]] inline std::string plot_worst(const Worst& worst) {
  const std::string before = "prefill/", after = "/float/d128/H16/T2048/threads1";
  std::ostringstream bars;
  for (const auto& [name, at] : worst) {
    if (!name.starts_with(before) || !name.ends_with(after) || at.plain.size() < 2 || !at.plain.contains("mild")) continue;
    bars << name.substr(before.size(), name.size() - before.size() - after.size());
    for (const char* gates : {"init", "strong", "mixed"}) bars << ' ' << ratio(at.plain, gates, at.plain).value_or(0);
    bars << '\n';
  }
  if (bars.str().empty()) return "";
  return "$bars << E\n" + bars.str() +
         "E\nset style data histograms\nset style fill solid 0.8\nset xtics rotate by -35 noenhanced scale 0\nset rmargin 12\n"
         "set ylabel 'time over that with mild gates'\n"
         "plot $bars using 2:xtic(1) title 'init', '' using 3 title 'strong', '' using 4 title 'mixed'\n";
}

}  // namespace deltanet::bench
