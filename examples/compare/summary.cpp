#include "compare/summary.hpp"

#include <algorithm>
#include <cctype>
#include <iomanip>
#include <numeric>
#include <sstream>

#include "compare/models.hpp"
#include "compare/tasks.hpp"

namespace compare {

using deltanet::detail::concat;

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

bool Group::oracle() const { return find_task(task).oracle(model) != nullptr; }
std::string Group::title() const { return oracle() ? model : find_model(model).title; }

Spread Group::score(std::size_t i) const {
  return spread_of(runs, [&](const RunResult& run) { return run.tests[i].score; });
}
Spread Group::curve(std::size_t i) const {
  return spread_of(runs, [&](const RunResult& run) { return run.curve[i].score; });
}
double Group::dial_score(std::size_t i) const {
  return spread_of(runs, [&](const RunResult& run) { return run.dial_tests[i].score; }).mean;
}

std::vector<Group> groups_of(const std::string& task, const std::vector<std::string>& models,
                             const std::vector<RunResult>& results) {
  std::vector<std::string> names = models;
  for (const deltanet::RegressionOracle& oracle : find_task(task).oracles) names.push_back(oracle.name);
  std::vector<Group> groups;
  for (const std::string& model : names) {
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

std::string sentence_case(std::string text) {
  text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text;
}

std::string spread_text(const Spread& spread) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(3) << spread.mean;
  if (spread.high - spread.low > 5e-4) text << " (" << spread.low << " to " << spread.high << ')';
  return text.str();
}

namespace {

/// A name as a field of CSV: in quotes where it has a comma.
std::string csv_field(const std::string& name) { return name.find(',') == std::string::npos ? name : '"' + name + '"'; }

}  // namespace

std::string csv_text(const std::vector<RunResult>& results) {
  std::ostringstream csv;
  csv << "task,model,seed,parameters,state_numbers,steps,batch,train_length,seconds,tokens_per_second,loss,length,dial,"
         "accuracy,exact_match,relative_error,failure\n";
  for (const RunResult& result : results) {
    const RunSetting& run = result.setting;
    const bool share = find_task(run.task).measure.share;
    const auto line = [&](const TestScore& test, bool has_dial) {
      csv << run.task << ',' << csv_field(run.model) << ',' << run.seed << ',' << result.parameters << ','
          << result.state_numbers << ',' << run.steps << ',' << run.batch << ',' << run.length << ',' << result.seconds << ','
          << result.tokens_per_second() << ',' << (result.curve.empty() ? 0 : result.curve.back().loss) << ',' << test.length
          << ',';
      if (has_dial) csv << test.dial;
      csv << ',';
      if (share)
        csv << test.score << ',' << test.exact_match << ',';
      else
        csv << ",," << (result.failure.empty() ? concat(test.score) : "");
      csv << ',' << std::quoted(result.failure, '"', '"') << '\n';
    };
    if (!result.failure.empty()) line({run.length, 0, 0, 0}, false);
    for (const TestScore& test : result.tests) line(test, false);
    for (const TestScore& test : result.dial_tests) line(test, true);
  }
  return csv.str();
}

std::string markdown_text(const Options& options, const std::vector<RunResult>& results) {
  std::ostringstream text;
  for (const TaskSetting& setting : options.preset.tasks) {
    const Task& task = find_task(setting.task);
    const std::vector<Group> groups = groups_of(task.name, options.preset.models, results);
    text << "## " << task.name << "\n\n" << task.description << ". " << task.about_measure() << "\n\n";
    text << "| model | parameters | state |";
    for (const Index length : setting.test_lengths) text << ' ' << length << " tokens |";
    text << "\n| --- | --: | --: |";
    for (std::size_t i = 0; i < setting.test_lengths.size(); ++i) text << " --: |";
    text << '\n';
    for (const Group& group : groups) {
      text << "| " << group.title();
      if (group.runs.empty()) {
        text << " | | | failed |\n";
        continue;
      }
      if (group.oracle())
        text << " (oracle) | | |";
      else
        text << " | " << group.runs[0].parameters << " | " << group.runs[0].state_numbers << " |";
      for (std::size_t i = 0; i < setting.test_lengths.size(); ++i) text << ' ' << spread_text(group.score(i)) << " |";
      if (group.failed > 0) text << " " << group.failed << " failed";
      text << '\n';
    }
    text << '\n';
  }
  return text.str();
}

}  // namespace compare
