#include "compare/plan.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <mutex>
#include <numeric>

#include "compare/store.hpp"
#include "compare/tasks.hpp"
#include "deltanet/core/threads.hpp"

namespace compare {

namespace {

/// The share of the time that is planned with: the machine may do something else besides.
constexpr double planned_share = 0.8;

void cut_steps(Plan& plan, const Options& options, int threads) {
  const std::vector<RunSetting> wanted = plan.runs;
  const auto cut = [&](double factor) {
    for (std::size_t i = 0; i < wanted.size(); ++i)
      if (wanted[i].steps > 0)
        plan.runs[i].steps = std::max<Index>(1, std::lround(factor * static_cast<double>(wanted[i].steps)));
    return seconds_of(plan, threads, std::vector<bool>(wanted.size(), false));
  };
  const double most = planned_share * *options.preset.seconds;
  if (cut(1) <= most) return;
  double low = 0, high = 1;
  for (int i = 0; i < 20; ++i) (cut((low + high) / 2) <= most ? low : high) = (low + high) / 2;
  cut(low);
}

}  // namespace

std::vector<std::size_t> Plan::order() const {
  std::vector<std::size_t> order(runs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return seconds(a) > seconds(b); });
  return order;
}

double seconds_of(const Plan& plan, int threads, const std::vector<bool>& finished) {
  std::vector<double> busy(static_cast<std::size_t>(threads), 0.0);
  for (const std::size_t i : plan.order())
    if (!finished[i]) *std::min_element(busy.begin(), busy.end()) += plan.seconds(i);
  return *std::max_element(busy.begin(), busy.end());
}

Plan make_plan(const Options& options, const std::function<void(std::size_t, std::size_t)>& tell) {
  Plan plan{run_settings(options), {}};
  std::vector<RunSetting> first_seed;  // the others are as fast
  std::copy_if(plan.runs.begin(), plan.runs.end(), std::back_inserter(first_seed),
               [](const auto& run) { return run.seed == 1; });
  const std::size_t distinct = first_seed.size();
  std::vector<RunSpeed> speeds(distinct);
  std::mutex guard;
  std::size_t done = 0;
  deltanet::parallel_for(static_cast<Index>(distinct), [&](Index i) {
    const auto at = static_cast<std::size_t>(i);
    const RunSetting& run = first_seed[at];
    const auto known = stored_speed(options.report, run);
    speeds[at] = known ? *known : measure_speed(find_task(options.tasks, run.task), run);
    const std::lock_guard lock(guard);
    tell(++done, distinct);
  });
  store_speeds(options.report, first_seed, speeds);
  for (const RunSetting& run : plan.runs) {
    const auto like = [&](const RunSetting& first) { return first.task == run.task && first.model == run.model; };
    const auto found = std::find_if(first_seed.begin(), first_seed.end(), like);
    plan.speeds.push_back(speeds[static_cast<std::size_t>(found - first_seed.begin())]);
  }
  if (options.preset.seconds) cut_steps(plan, options, deltanet::num_threads());
  return plan;
}

}  // namespace compare
