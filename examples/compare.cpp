// Trains sequence models of one size on sequence tasks, and compares what they learn: a live table, then one page with plots.
// `compare --list` shows tasks, models and presets; `compare --help` the flags. The same command goes on where it was stopped.

#include <atomic>
#include <cstdio>
#include <iostream>
#include <thread>

#include "compare/board.hpp"
#include "compare/folder.hpp"
#include "compare/models.hpp"
#include "compare/report.hpp"
#include "compare/store.hpp"
#include "compare/tasks.hpp"
#include "deltanet/core/threads.hpp"
#include "support/interrupt.hpp"

namespace {

using namespace compare;

void print_list() {
  std::printf("tasks\n");
  for (const Task& task : tasks()) std::printf("  %-22s %s\n", task.name.c_str(), task.description.c_str());
  std::printf("models\n");
  for (const ModelKind& kind : model_kinds())
    std::printf("  %-22s %s: %s\n", kind.name.c_str(), kind.title.c_str(), kind.rule.c_str());
  std::printf("presets\n");
  for (const Preset& preset : presets()) std::printf("  %-22s %s\n", preset.name.c_str(), preset.description.c_str());
}

/// What will be done, before it is: models, their sizes, and the time it takes.
void describe(const Options& options, const Plan& plan, double seconds) {
  const Preset& preset = options.preset;
  std::printf("preset %s: %zu tasks, %zu models, %llu seed%s\n\n%-22s %10s %10s %10s   on the first task\n",
              preset.name.c_str(), preset.tasks.size(), preset.models.size(), static_cast<unsigned long long>(preset.seeds),
              preset.seeds == 1 ? "" : "s", "model", "parameters", "mlp width", "state");
  for (std::size_t i = 0; i < preset.models.size(); ++i) {
    const RunSetting& run = plan.runs[i];
    const auto model = find_model(run.model).make(run.sizes, run.training, 0);
    std::printf("%-22s %10ld %10ld %10ld\n", run.model.c_str(), static_cast<long>(model->parameters()),
                static_cast<long>(run.sizes.intermediate_size),
                static_cast<long>(state_numbers(*model, run.sizes, run.length)));
  }
  std::printf("\n%-22s %10s %10s %10s   tested at\n", "task", "length", "batch", "steps");
  for (std::size_t i = 0; i < preset.tasks.size(); ++i) {
    const RunSetting& run = plan.runs[i * preset.models.size()];
    std::printf("%-22s %10ld %10ld %10ld  ", run.task.c_str(), static_cast<long>(run.length), static_cast<long>(run.batch),
                static_cast<long>(run.steps));
    for (const Index length : run.test_lengths) std::printf(" %ld", static_cast<long>(length));
    std::printf("\n");
    if (run.steps < preset.tasks[i].steps)
      std::printf("%22s (%ld steps would take longer than there is time for)\n", "", static_cast<long>(preset.tasks[i].steps));
  }
  if (options.haystack) std::printf("\nhaystack: %s\n", description(*options.haystack).c_str());
  std::printf("\nabout %s with %d runs at a time; results go to %s\n\n", example::clock_text(seconds).c_str(), options.threads,
              options.report.c_str());
  std::fflush(stdout);
}

/// Does all runs that the store does not have yet. False if it was stopped before they were over.
bool run_all(const Options& options, const Plan& plan, ResultStore& store, const std::function<bool()>& stopped) {
  Board board(options, plan);
  std::vector<std::size_t> open;
  for (const std::size_t i : plan.order()) {
    if (const auto known = store.find(plan.runs[i]))
      board.finish(i, *known);
    else
      open.push_back(i);
  }
  std::atomic<bool> over = false, failed = false;
  std::exception_ptr failure;
  std::thread workers([&] {
    try {
      deltanet::parallel_for(static_cast<Index>(open.size()), [&](Index piece) {
        const std::size_t i = open[static_cast<std::size_t>(piece)];
        if (stopped() || failed) return;
        const RunObserver observer{[&](const RunProgress& progress) { board.tell(i, progress); },
                                   [&] { return stopped() || failed; }};
        try {
          const RunSetting& setting = plan.runs[i];
          const auto result = run(find_task(options.tasks, setting.task), setting, options.report, observer);
          if (!result) return;
          store.add(*result);
          remove_checkpoint(options.report, setting);
          board.finish(i, *result);
        } catch (...) {  // a disk that became full: the other runs save what they can and stop
          failed = true;
          throw;
        }
      });
    } catch (...) {
      failure = std::current_exception();
    }
    over = true;
  });
  while (!over) {
    board.show();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  workers.join();
  if (failure) std::rethrow_exception(failure);
  board.show(true);
  return board.finished() == plan.runs.size();
}

int compare_models(Options options) {
  const example::Stopwatch watch;
  if (options.threads > 0) deltanet::set_num_threads(options.threads);
  options.threads = deltanet::num_threads();
  prepare_folder(options.report);
  prepare_folder(options.csv.parent_path());

  const example::InterruptGuard guard;
  const bool live = isatty(STDOUT_FILENO) != 0;
  const Plan plan = make_plan(options, [&](std::size_t done, std::size_t all) {
    if (live) std::printf("\rmeasuring the speed of %zu of %zu models and tasks ", done, all), std::fflush(stdout);
  });
  if (live) std::printf("\r\033[K");
  ResultStore store(options.report);
  std::vector<bool> finished;
  for (const RunSetting& run : plan.runs) finished.push_back(store.find(run).has_value());
  describe(options, plan, seconds_of(plan, options.threads, finished));

  const double seconds_for_report = 5;
  const auto late = [&] { return options.preset.seconds && watch.seconds() > *options.preset.seconds - seconds_for_report; };
  const bool complete = run_all(options, plan, store, [&] { return guard.interrupted() || late(); });
  std::vector<RunResult> results;
  for (const RunSetting& run : plan.runs)
    if (auto result = store.find(run)) results.push_back(std::move(*result));
  const std::string remark = write_report(options, results, plan.runs.size());
  std::printf("\n%s\nreport  %s%s%s\ncsv     %s\n", markdown_text(options, results).c_str(),
              (options.report / "index.html").c_str(), remark.empty() ? "" : "  ", remark.c_str(), options.csv.c_str());
  if (!complete)
    std::printf("%s after %s with %zu of %zu runs; the same command goes on\n", guard.interrupted() ? "stopped" : "out of time",
                example::clock_text(watch.seconds()).c_str(), results.size(), plan.runs.size());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    Options options = parse_options(argc, argv);
    if (options.list) {
      print_list();
      return 0;
    }
    return compare_models(std::move(options));
  } catch (const example::UsageError& error) {
    std::cerr << "compare: " << error.what() << '\n';
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "compare: " << error.what() << '\n';
    return 1;
  }
}
