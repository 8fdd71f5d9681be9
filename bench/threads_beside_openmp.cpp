#include <omp.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "deltanet/core/openmp_executor.hpp"
#include "deltanet/memory/delta_rule.hpp"
#include "deltanet/recurrence/chunked.hpp"
#include "support/inputs.hpp"

/// What a scan loses between parallel regions of OpenMP whose threads spin: GatedDeltaRule forward, float, d = 128, H = 16,
/// T = 2048, in turns alone and between regions, on our team, on one of twice as many threads, and on OpenMP's threads. The
/// system shares processors among threads that want them: of two, with one that spins, two threads of ours get 4/3 and four
/// 8/5.
namespace deltanet::bench {
namespace {

using Clock = std::chrono::steady_clock;

/// What a program does beside us: arithmetic in registers for about two milliseconds a call.
double others_work() {
  double x = 1;
  const auto start = Clock::now();
  while (Clock::now() - start < std::chrono::milliseconds(2))
    for (int i = 0; i < 1000; ++i) x = x * 0.999 + 0.001;
  return x;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

class Comparison {
 public:
  explicit Comparison(int threads) : threads_(threads) {
    ThisThreadExecutor this_thread;
    expected_ = scan(this_thread).o;
  }

  /// Whether all executors have come to the same bits.
  [[nodiscard]] bool same() const { return same_; }

  /// The median of some scans in milliseconds, each after a region of OpenMP, or after as much work on this thread alone.
  double time(Executor& executor, bool beside_openmp) {
    if (!beside_openmp) omp_pause_resource_all(omp_pause_hard);  // ends the threads that spin
    std::vector<double> times;
    for (int repeat = 0; repeat < 10; ++repeat) {
      double sum = 0;
#pragma omp parallel num_threads(threads_) reduction(+ : sum) if (beside_openmp)
      sum += others_work();
      sum_ += sum;
      const auto start = Clock::now();
      const Tensor<float, 4> o = scan(executor).o;
      times.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
      same_ = same_ && std::memcmp(o.data(), expected_.data(), static_cast<std::size_t>(o.size()) * sizeof(float)) == 0;
    }
    return median(times);
  }

 private:
  ScanResult<float> scan(Executor& executor) const {
    const ExecutorScope scope(executor);
    return chunked(tokens_.inputs());
  }

  const int threads_;
  const Tokens<GatedDeltaRule, float> tokens_{Sizes{1, 2048, 16, 16, 128, 128}};
  Tensor<float, 4> expected_;
  bool same_ = true;
  double sum_ = 0;  // of the others' results, which somebody has to want
};

struct Case {
  const char* name;
  Executor& executor;
  bool beside_openmp;
  std::vector<double> times, losses;
};

int compare(int threads, int turns) {
  Comparison comparison(threads);
  ThreadTeam team(threads), twice(2 * threads);
  OpenMPExecutor openmp(threads);
  std::vector<Case> cases{{"alone, our team", team, false, {}, {}},
                          {"alone, twice the threads", twice, false, {}, {}},
                          {"between regions, our team", team, true, {}, {}},
                          {"between regions, twice the threads", twice, true, {}, {}},
                          {"between regions, OpenMP's threads", openmp, true, {}, {}}};
  for (int turn = 0; turn < turns; ++turn)
    for (auto& [name, executor, beside_openmp, times, losses] : cases) {
      times.push_back(comparison.time(executor, beside_openmp));
      losses.push_back(times.back() / cases.front().times.back());
    }
  std::printf("%d threads, %d turns of 10 scans each; medians, and those of the ratio to the first in the same turn\n", threads,
              turns);
  for (const auto& [name, executor, beside_openmp, times, losses] : cases)
    std::printf("%-36s %7.2f ms  %5.2f\n", name, median(times), median(losses));
  if (!comparison.same()) std::puts("wrong: the results differ");
  return comparison.same() ? 0 : 1;
}

}  // namespace
}  // namespace deltanet::bench

int main(int argc, char** argv) {
  if (argc > 3 || (argc > 1 && std::atoi(argv[1]) < 1) || (argc > 2 && std::atoi(argv[2]) < 1)) {
    std::puts("usage: threads_beside_openmp [threads, 2] [turns, 20]");
    return 2;
  }
  if (std::getenv("OMP_WAIT_POLICY") == nullptr) {  // read before main
    setenv("OMP_WAIT_POLICY", "ACTIVE", 1);
    execv("/proc/self/exe", argv);
  }
  return deltanet::bench::compare(argc > 1 ? std::atoi(argv[1]) : 2, argc > 2 ? std::atoi(argv[2]) : 20);
}
