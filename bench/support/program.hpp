#pragma once

#include <benchmark/benchmark.h>

#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "support/benchmark.hpp"
#include "support/freed_memory.hpp"
#include "support/machine.hpp"

/// What the main of every benchmark program is: flags, a line on machine, compiler and memory, and what is shown.
namespace deltanet::bench {

/// Google Benchmark's own console, shown of the repetitions the median and the coefficient of variation.
class MedianReporter : public benchmark::BenchmarkReporter {
 public:
  explicit MedianReporter(benchmark::BenchmarkReporter& console) : console_(console) {}

  bool ReportContext(const Context& context) override { return console_.ReportContext(context); }
  void ReportRuns(const std::vector<Run>& runs) override {
    std::vector<Run> shown;
    for (Run run : runs) {
      if (run.aggregate_name == "mean" || run.aggregate_name == "stddev") continue;
      run.run_name.time_type.clear();  // all times are real
      shown.push_back(run);
    }
    console_.ReportRuns(shown);
  }
  void Finalize() override { console_.Finalize(); }

 private:
  benchmark::BenchmarkReporter& console_;
};

inline void print_help() {
  benchmark::PrintDefaultHelp();
  std::cout << "          [--memory={plain|kept}]  freed memory goes back as the C library likes (plain, the default),\n"
               "                                   or is kept for the next call (kept)\n";
}

/// Takes --memory=plain and --memory=kept out of the arguments, and returns the last; anything else stays, and is refused with
/// what Google Benchmark does not know.
inline std::string take_memory(std::vector<char*>& arguments) {
  constexpr std::string_view flag = "--memory=";
  std::string memory = "plain";
  std::erase_if(arguments, [&](const char* argument) {
    const std::string_view text = argument;
    if (text != "--memory=plain" && text != "--memory=kept") return false;
    memory = text.substr(flag.size());
    return true;
  });
  return memory;
}

/// The rest of main: Google Benchmark's flags and --memory. Five repetitions, of which aggregates are shown with counters in
/// columns, unless told otherwise. Returns 1 if a flag is unknown or a result was wrong.
inline int run_benchmarks(int argc, char** argv) {
  std::string defaults[] = {"--benchmark_repetitions=5", "--benchmark_display_aggregates_only=true",
                            "--benchmark_counters_tabular=true"};
  std::vector<char*> arguments{argv[0]};
  for (std::string& argument : defaults) arguments.push_back(argument.data());
  arguments.insert(arguments.end(), argv + 1, argv + argc);  // after the defaults, so that they win
  const std::string memory = take_memory(arguments);
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data(), print_help);
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 1;
  if (memory == "kept") keep_freed_memory();
  benchmark::AddCustomContext("memory", memory);
  benchmark::AddCustomContext("cpu", cpu_model());
  benchmark::AddCustomContext("compiler", DELTANET_BENCH_COMPILER);
  benchmark::AddCustomContext("flags", DELTANET_BENCH_FLAGS);
  benchmark::BenchmarkReporter* reporter = benchmark::CreateDefaultDisplayReporter();
  MedianReporter median(*reporter);
  if (dynamic_cast<benchmark::ConsoleReporter*>(reporter)) reporter = &median;  // not JSON, not CSV
  benchmark::RunSpecifiedBenchmarks(reporter);
  benchmark::Shutdown();
  return any_wrong ? 1 : 0;
}

}  // namespace deltanet::bench
