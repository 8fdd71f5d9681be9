#pragma once

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

/// What report reads: the medians of Google Benchmark's JSON.
namespace deltanet::bench {

using Json = nlohmann::json;

struct Measurement {
  std::string name;    // prefill/gated_delta_net/float/d128/H16/T2048/threads1
  std::string memory;  // plain or kept
  Json median;
  double spread = 0;  // the coefficient of variation of the repetitions

  [[nodiscard]] std::optional<double> counter(const char* key) const {
    return median.contains(key) ? std::optional(median.at(key).get<double>()) : std::nullopt;
  }
};

inline Json read(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error(path.string() + ": cannot open");
  try {
    return Json::parse(file);
  } catch (const Json::exception&) {
    throw std::runtime_error(path.string() + ": expected Google Benchmark's JSON; was the benchmark stopped?");
  }
}

/// The measurements of one file. Throws for a benchmark that was wrong.
inline std::vector<Measurement> measurements_of(const Json& file) {
  std::map<std::string, Measurement> by_name;
  for (const Json& run : file.at("benchmarks")) {
    const std::string full = run.at("run_name"), name = full.substr(0, full.rfind("/real_time"));
    if (run.value("error_occurred", false)) throw std::runtime_error(name + ": " + run.value("error_message", "failed"));
    Measurement& entry = by_name[name];
    entry.name = name;
    entry.memory = file.at("context").value("memory", "plain");
    if (run.value("aggregate_name", "") == "median") entry.median = run;
    if (run.value("aggregate_name", "") == "cv") entry.spread = run.at("real_time");
  }
  std::vector<Measurement> list;
  for (auto& [name, entry] : by_name)
    if (!entry.median.is_null()) list.push_back(std::move(entry));
  return list;
}

inline std::string number(std::optional<double> value, const char* format) {
  if (!value) return "";
  char text[32];
  std::snprintf(text, sizeof text, format, *value);
  return text;
}

}  // namespace deltanet::bench
