#pragma once

#include <map>

#include "compare/options.hpp"

/// Results over seeds.
namespace compare {

/// The least, mean and greatest of some numbers.
struct Spread {
  double low = 0, mean = 0, high = 0;
  explicit Spread(const std::vector<double>& numbers);
};

/// All results of one model, or of an oracle, on one task.
struct Group {
  std::string task, model;
  std::vector<RunResult> runs;  // that did not fail
  int failed = 0;

  /// What tables and legends call it.
  [[nodiscard]] std::string title() const;
  /// Whether it is not a model but an oracle of the task.
  [[nodiscard]] bool oracle() const;

  /// Of the score at the i-th length of the tests.
  [[nodiscard]] Spread score(std::size_t i) const;
  /// Of the score at the i-th point of the learning curve.
  [[nodiscard]] Spread curve(std::size_t i) const;
  /// The mean score at the i-th of the tests with a dial.
  [[nodiscard]] double dial_score(std::size_t i) const;
};

/// The groups of a task in the order of the models and then of its oracles, without those that have no results.
std::vector<Group> groups_of(const std::string& task, const std::vector<std::string>& models,
                             const std::vector<RunResult>& results);

/// Those of which some run did not fail.
std::vector<Group> with_runs(std::vector<Group> groups);

/// One line for each run and length: a table for other programs.
std::string csv_text(const std::vector<RunResult>& results);

/// A table for each task: scores by length, with their spread over seeds.
std::string markdown_text(const Options& options, const std::vector<RunResult>& results);

/// "adds two numbers" with a capital letter.
std::string sentence_case(std::string text);

/// "0.981", with seeds "0.981 (0.975 to 0.990)".
std::string spread_text(const Spread& spread);

}  // namespace compare
