#include "compare/board.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "compare/tasks.hpp"

namespace compare {

namespace {

/// printf into a string.
template <class... Parts>
std::string format(const char* pattern, const Parts&... parts) {
  char text[256];
  std::snprintf(text, sizeof(text), pattern, parts...);
  return text;
}

/// Columns of the terminal.
std::size_t terminal_width() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

Board::Board(const Options& options, const Plan& plan)
    : options_(options), plan_(plan), runs_(plan.runs.size()), terminal_(isatty(STDOUT_FILENO) != 0) {
  for (const RunSetting& run : plan.runs)
    if (std::find(rows_.begin(), rows_.end(), run.model) == rows_.end()) rows_.push_back(run.model);
}

/// "accuracy (more is better)", and of other measures, where the tasks have some.
std::string Board::measures() const {
  std::vector<std::string> names;
  for (const TaskSetting& task : options_.preset.tasks) {
    const Measure& measure = find_task(task.task).measure;
    const std::string name = measure.name + (measure.share ? " (more is better)" : " (less is better)");
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  std::string text = names[0];
  for (std::size_t i = 1; i < names.size(); ++i) text += " or " + names[i];
  return text;
}

void Board::tell(std::size_t run, const RunProgress& progress) {
  const std::lock_guard lock(guard_);
  runs_[run].progress = progress;
}

void Board::finish(std::size_t run, const RunResult& result) {
  const std::lock_guard lock(guard_);
  runs_[run].result = result;
  if (!terminal_) std::printf("%s\n", line_of(run).c_str()), std::fflush(stdout);
}

std::size_t Board::finished() const {
  const std::lock_guard lock(guard_);
  return static_cast<std::size_t>(
      std::count_if(runs_.begin(), runs_.end(), [](const Status& status) { return status.result.has_value(); }));
}

void Board::show(bool at_once) {
  if (!at_once && since_shown_.seconds() < (terminal_ ? 0.25 : 10)) return;
  since_shown_ = {};
  const std::lock_guard lock(guard_);
  if (terminal_) {
    draw_table();
  } else {
    for (std::size_t i = 0; i < runs_.size(); ++i)
      if (runs_[i].progress && !runs_[i].result) std::printf("%s\n", line_of(i).c_str());
    std::printf("%s\n", headline().c_str());
  }
  std::fflush(stdout);
}

/// The mean score of the runs that ended; of those in progress the share that is done.
std::string Board::cell(const std::string& task, const std::string& model) const {
  double sum = 0, done = -1;
  int count = 0, failed = 0;
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    if (plan_.runs[i].task != task || plan_.runs[i].model != model) continue;
    const Status& status = runs_[i];
    if (status.result) {
      sum += status.result->score(), ++count;
      failed += !status.result->failure.empty();
    } else if (status.progress) {
      done = static_cast<double>(status.progress->step) / static_cast<double>(plan_.runs[i].steps);
    }
  }
  if (failed > 0) return "failed";
  if (count > 0) return format("%.3f%s", sum / count, done >= 0 ? "+" : "");
  return done >= 0 ? format("%.0f %%", 100 * done) : ".";
}

std::string Board::line_of(std::size_t i) const {
  const RunSetting& run = plan_.runs[i];
  const std::string name =
      format("%-12s %-20s seed %llu", run.task.c_str(), run.model.c_str(), static_cast<unsigned long long>(run.seed));
  if (const auto& result = runs_[i].result) {
    if (!result->failure.empty()) return name + "  failed: " + result->failure;
    std::string line = name + "  " + find_task(run.task).measure.name;
    for (const TestScore& test : result->tests) line += format("  %.3f at %ld", test.score, static_cast<long>(test.length));
    return line + format("  (%s)", example::clock_text(result->seconds).c_str());
  }
  const RunProgress& progress = *runs_[i].progress;
  return name + format("  step %ld of %ld  loss %.3f  %s %.3f  left %s", static_cast<long>(progress.step),
                       static_cast<long>(run.steps), progress.loss, find_task(run.task).measure.name.c_str(), progress.score,
                       example::clock_text(progress.seconds_left).c_str());
}

double Board::seconds_left() const {
  Plan rest = plan_;
  std::vector<bool> finished;
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    finished.push_back(runs_[i].result.has_value());
    if (runs_[i].progress) rest.runs[i].steps -= runs_[i].progress->step;
  }
  return seconds_of(rest, options_.threads, finished);
}

std::string Board::headline() const {
  const auto over = std::count_if(runs_.begin(), runs_.end(), [](const Status& status) { return status.result.has_value(); });
  return format("%ld of %zu runs  after %s  left about %s", static_cast<long>(over), runs_.size(),
                example::clock_text(since_start_.seconds()).c_str(), example::clock_text(seconds_left()).c_str());
}

void Board::draw_table() {
  const std::size_t width = terminal_width();
  std::vector<std::string> lines{measures() + " at the length in training; of runs in progress, how far they are"};
  std::string head = format("%-22s", "");
  for (const TaskSetting& task : options_.preset.tasks) head += format("%12s", task.task.substr(0, 11).c_str());
  lines.push_back(head);
  for (const std::string& row : rows_) {
    std::string line = format("%-22s", row.substr(0, 21).c_str());
    for (const TaskSetting& task : options_.preset.tasks) line += format("%12s", cell(task.task, row).c_str());
    lines.push_back(line);
  }
  for (std::size_t i = 0; i < runs_.size(); ++i)
    if (runs_[i].progress && !runs_[i].result) lines.push_back("now " + line_of(i));
  lines.push_back(headline());
  if (lines_ > 0) std::printf("\033[%dA", lines_);
  std::printf("\033[J");  // clears what was below
  for (const std::string& line : lines) std::printf("%s\n", line.substr(0, width - 1).c_str());
  lines_ = static_cast<int>(lines.size());
}

}  // namespace compare
