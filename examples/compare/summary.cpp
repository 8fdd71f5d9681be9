#include "compare/summary.hpp"

#include <algorithm>
#include <iomanip>
#include <numeric>
#include <sstream>

#include "compare/models.hpp"
#include "compare/tasks.hpp"

namespace compare {

Spread::Spread(const std::vector<double>& numbers) {
  if (numbers.empty()) return;
  const auto [least, most] = std::minmax_element(numbers.begin(), numbers.end());
  low = *least, high = *most;
  mean = std::accumulate(numbers.begin(), numbers.end(), 0.0) / static_cast<double>(numbers.size());
}

namespace {

/// The spread of number(run) over some runs.
template <class Number>
Spread spread_of(const std::vector<RunResult>& runs, const Number& number) {
  std::vector<double> numbers;
  for (const RunResult& run : runs) numbers.push_back(number(run));
  return Spread(numbers);
}

}  // namespace

Spread Group::accuracy(std::size_t i) const {
  return spread_of(runs, [&](const RunResult& run) { return run.tests[i].accuracy; });
}
Spread Group::curve(std::size_t i) const {
  return spread_of(runs, [&](const RunResult& run) { return run.curve[i].accuracy; });
}
double Group::dial_accuracy(std::size_t i) const {
  return spread_of(runs, [&](const RunResult& run) { return run.dial_tests[i].accuracy; }).mean;
}

std::vector<Group> groups_of(const std::string& task, const std::vector<std::string>& models,
                             const std::vector<RunResult>& results) {
  std::vector<Group> groups;
  for (const std::string& model : models) {
    Group group{task, model, {}, 0};
    for (const RunResult& result : results) {
      if (result.setting.task != task || result.setting.model != model) continue;
      if (result.failure.empty())
        group.runs.push_back(result);
      else
        ++group.failed;
    }
    if (!group.runs.empty() || group.failed > 0) groups.push_back(std::move(group));
  }
  return groups;
}

std::vector<Group> with_runs(std::vector<Group> groups) {
  std::erase_if(groups, [](const Group& group) { return group.runs.empty(); });
  return groups;
}

std::string spread_text(const Spread& spread) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(3) << spread.mean;
  if (spread.high - spread.low > 5e-4) text << " (" << spread.low << " to " << spread.high << ')';
  return text.str();
}

std::string csv_text(const std::vector<RunResult>& results) {
  std::ostringstream csv;
  csv << "task,model,seed,parameters,state_numbers,steps,batch,train_length,seconds,tokens_per_second,loss,length,dial,"
         "accuracy,"
         "exact_match,failure\n";
  for (const RunResult& result : results) {
    const RunSetting& run = result.setting;
    const auto line = [&](const TestScore& score, bool has_dial) {
      csv << run.task << ',' << run.model << ',' << run.seed << ',' << result.parameters << ',' << result.state_numbers << ','
          << run.steps << ',' << run.batch << ',' << run.length << ',' << result.seconds << ',' << result.tokens_per_second()
          << ',' << (result.curve.empty() ? 0 : result.curve.back().loss) << ',' << score.length << ',';
      if (has_dial) csv << score.dial;
      csv << ',' << score.accuracy << ',' << score.exact_match << ',' << std::quoted(result.failure, '"', '"') << '\n';
    };
    if (!result.failure.empty()) line({run.length, 0, 0, 0}, false);
    for (const TestScore& score : result.tests) line(score, false);
    for (const TestScore& score : result.dial_tests) line(score, true);
  }
  return csv.str();
}

std::string markdown_text(const Options& options, const std::vector<RunResult>& results) {
  std::ostringstream text;
  for (const TaskSetting& setting : options.preset.tasks) {
    const deltanet::TokenTask& task = find_task(setting.task);
    const std::vector<Group> groups = groups_of(task.name, options.preset.models, results);
    text << "## " << task.name << "\n\n"
         << task.description << ". Guessing: " << std::setprecision(3) << task.chance << ".\n\n";
    text << "| model | parameters | state |";
    for (const Index length : setting.test_lengths) text << ' ' << length << " tokens |";
    text << "\n| --- | --: | --: |";
    for (std::size_t i = 0; i < setting.test_lengths.size(); ++i) text << " --: |";
    text << '\n';
    for (const Group& group : groups) {
      text << "| " << find_model(group.model).title;
      if (group.runs.empty()) {
        text << " | | | failed |\n";
        continue;
      }
      text << " | " << group.runs[0].parameters << " | " << group.runs[0].state_numbers << " |";
      for (std::size_t i = 0; i < setting.test_lengths.size(); ++i) text << ' ' << spread_text(group.accuracy(i)) << " |";
      if (group.failed > 0) text << " " << group.failed << " failed";
      text << '\n';
    }
    text << '\n';
  }
  return text.str();
}

}  // namespace compare
