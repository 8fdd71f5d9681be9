#pragma once

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "peers/cases.hpp"
#include "support/machine.hpp"

/// The table of what the contestants said of themselves, one line of JSON for each measurement.
namespace deltanet::bench {

inline constexpr const char* deltanet_name = "deltanet";

[[nodiscard]] inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 ? values[half] : (values[half - 1] + values[half]) / 2;
}

/// The rounds of one contestant on one case.
struct Rounds {
  std::string version;
  std::vector<double> ms;
  double error = 0;
  [[nodiscard]] bool right() const { return error <= allowed_error && !ms.empty(); }
};

struct Lines {
  using Name = std::tuple<std::size_t, int, std::string>;  // case, threads, implementation
  std::map<Name, Rounds> rounds;
  std::map<std::string, std::string> not_available;  // and why
};

/// What is no number (JSON has null for it) is an error without bound, and no time.
[[nodiscard]] inline Lines read_lines(const std::filesystem::path& path) {
  std::ifstream in(path);
  if (!in) throw std::runtime_error(path.string() + ": cannot read");
  Lines lines;
  for (std::string text; std::getline(in, text);) {
    const auto line = nlohmann::json::parse(text);
    const auto implementation = line.at("implementation").get<std::string>();
    if (line.contains("not_available")) {
      lines.not_available[implementation] = line["not_available"];
      continue;
    }
    const auto c = std::find_if(cases.begin(), cases.end(), [&](const Case& known) { return known.name == line.at("case"); });
    expect(c != cases.end(), path.string(), ": there is no case ", line.at("case").dump());
    Rounds& rounds = lines.rounds[{static_cast<std::size_t>(c - cases.begin()), line.at("threads").get<int>(), implementation}];
    rounds.version = line.at("version");
    const auto& error = line.at("error");
    rounds.error = std::max(rounds.error, error.is_number() ? error.get<double>() : std::numeric_limits<double>::infinity());
    if (line.at("ms").is_number()) rounds.ms.push_back(line["ms"]);
  }
  return lines;
}

/// A number with so many significant digits, and those before the point.
[[nodiscard]] inline std::string digits(double value, int count) {
  char text[32];
  if (value < 1e-3)
    std::snprintf(text, sizeof(text), "%.*e", count - 1, value);
  else if (value >= 100)
    std::snprintf(text, sizeof(text), "%.0f", value);
  else
    std::snprintf(text, sizeof(text), "%#.*g", count, value);
  return text;
}

using Table = std::vector<std::vector<std::string>>;

/// As Markdown, with columns that also line up as text. The first four columns are words, the rest are numbers.
inline void print(std::ostream& out, Table table) {
  std::vector<std::string> rule;
  for (std::size_t column = 0; column < table[0].size(); ++column) {
    std::size_t width = 0;
    for (const auto& row : table) width = std::max(width, row[column].size());
    for (auto& row : table)
      row[column].insert(column < 4 ? row[column].size() : 0, std::string(width - row[column].size(), ' '));
    rule.push_back(std::string(width - (column < 4 ? 0 : 1), '-') + (column < 4 ? "" : ":"));
  }
  table.insert(table.begin() + 1, rule);
  for (const auto& row : table) {
    for (const auto& cell : row) out << "| " << cell << ' ';
    out << "|\n";
  }
}

/// Prints the table and writes it to folder/peers.md and folder/peers.json. Returns 1 if a result was wrong.
inline int report(const std::filesystem::path& path, const std::filesystem::path& folder) {
  const Lines lines = read_lines(path);
  Table table{{"implementation", "version", "what", "gates", "T", "threads", "ms", "GFLOP/s", "deltanet's speed over it",
               "largest error"}};
  auto rows = nlohmann::json::array();
  bool all_right = true;
  for (const auto& [name, rounds] : lines.rounds) {
    const auto& [index, threads, implementation] = name;
    const Case& c = cases[index];
    const auto ours = lines.rounds.find({index, threads, deltanet_name});
    nlohmann::json row{{"implementation", implementation}, {"version", rounds.version}, {"case", c.name}, {"threads", threads},
                       {"rounds_ms", rounds.ms},           {"error", rounds.error}};
    std::string ms = "wrong", gflops = "-", speed = "-";
    if (rounds.right()) {
      const double milliseconds = median(rounds.ms);
      row["ms"] = milliseconds;
      row["gflops"] = 1e-6 * c.flops() / milliseconds;
      ms = digits(milliseconds, 3);
      gflops = digits(row["gflops"], 3);
      if (ours != lines.rounds.end() && ours->second.right()) {
        row["deltanet_speed"] = milliseconds / median(ours->second.ms);
        speed = digits(row["deltanet_speed"], 3);
      }
    }
    all_right = all_right && rounds.right();
    rows.push_back(row);
    const bool decode = c.what == "decode";
    table.push_back({implementation, rounds.version, decode ? "decode, B = " + std::to_string(c.sizes.B) : c.what,
                     c.gates == Gates::mild ? "mild" : suffix(c.gates).substr(1), std::to_string(decode ? 1 : c.sizes.T),
                     std::to_string(threads), ms, gflops, speed, digits(rounds.error, 2)});
  }
  const std::string machine = detail::concat(cpu_model(), ", ", std::thread::hardware_concurrency(), " threads, deltanet by ",
                                             DELTANET_BENCH_COMPILER, ", ", DELTANET_BENCH_FLAGS);
  const auto write = [&](std::ostream& out) {
    out << machine << "\n\n";
    print(out, table);
    for (const auto& [implementation, why] : lines.not_available)
      out << "\nnot available: " << implementation << ": " << why << '\n';
  };
  write(std::cout);
  std::ofstream markdown(folder / "peers.md"), json(folder / "peers.json");
  write(markdown);
  json << nlohmann::json{{"machine", machine}, {"rows", rows}, {"not_available", lines.not_available}}.dump(2) << '\n';
  if (!markdown.flush() || !json.flush()) throw std::runtime_error(folder.string() + ": cannot write peers.md and peers.json");
  return all_right ? 0 : 1;
}

}  // namespace deltanet::bench
