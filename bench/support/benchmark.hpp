#pragma once

#include <benchmark/benchmark.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/bounds.hpp"
#include "support/peak.hpp"

/// How a benchmark runs: prepared and judged once, then timed, then compared with the peak.
namespace deltanet::bench {

/// What one call of a benchmark comes to.
struct Work {
  int threads;
  double tokens, flops;
};

/// A benchmark whose turn has come: what is wrong with its results (nothing, or a sentence), the call to be timed, and what to
/// compare it with beside the peak, where there is something; that is measured with the benchmark's threads set.
struct Prepared {
  std::string wrong;
  std::function<void()> run;
  std::function<Bound()> bound{};
};

/// The benchmark whose turn it is. Google Benchmark calls each many times in a row; its inputs are kept until the next.
struct Turn {
  std::string name;
  Prepared prepared;
  double peak;
  std::optional<Bound> bound{};
};
inline std::unique_ptr<Turn> turn;

inline bool any_wrong = false;

/// Registers a benchmark. `prepare`, a function from nothing to Prepared, is called when its turn comes, with the threads set.
template <Real T, class Prepare>
void add(const std::string& name, const Work& work, const Prepare& prepare) {
  const auto body = [name, work, prepare](benchmark::State& state) {
    set_num_threads(work.threads);
    if (!turn || turn->name != name) {
      turn.reset();
      turn.reset(new Turn{name, prepare(), 0});
      set_num_threads(work.threads);
      turn->peak = fma_peak_gflops<T>(work.threads);
      if (turn->prepared.bound) turn->bound = turn->prepared.bound();
    }
    if (!turn->prepared.wrong.empty()) {
      any_wrong = true;
      state.SkipWithError(turn->prepared.wrong.c_str());
      return;
    }
    const auto start = std::chrono::steady_clock::now();
    for (auto _ : state) turn->prepared.run();
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    const double calls_per_second = static_cast<double>(state.iterations()) / elapsed.count();
    const double gflops = 1e-9 * work.flops * calls_per_second;
    state.counters["tokens/s"] = work.tokens * calls_per_second;
    state.counters["gflops"] = gflops;
    state.counters["fma_peak_gflops"] = turn->peak;
    state.counters["fraction"] = gflops / turn->peak;
    if (turn->bound) state.counters[turn->bound->name] = turn->bound->seconds * calls_per_second;
  };
  benchmark::RegisterBenchmark(name.c_str(), body)->UseRealTime()->Unit(benchmark::kMillisecond);
}

/// 1, 2 and all threads of the machine.
[[nodiscard]] inline std::vector<int> thread_counts() {
  std::vector<int> counts{1, 2, static_cast<int>(std::max(1u, std::thread::hardware_concurrency()))};
  std::sort(counts.begin(), counts.end());
  counts.erase(std::unique(counts.begin(), counts.end()), counts.end());
  return counts;
}

/// The judge has all threads, whatever the benchmark has.
inline void use_all_threads() { set_num_threads(thread_counts().back()); }

template <Real T>
inline constexpr const char* scalar_name = std::is_same_v<T, float> ? "float" : "double";

}  // namespace deltanet::bench
