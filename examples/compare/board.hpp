#pragma once

#include <mutex>
#include <optional>

#include "compare/plan.hpp"
#include "support/clock_text.hpp"
#include "support/stopwatch.hpp"

namespace compare {

/// What is seen while a comparison goes on. On a terminal: a table of models, oracles and tasks, drawn again a few times a
/// second, with the runs in progress below; elsewhere a line for each run that ends, and every ten seconds one for each in
/// progress. Threads tell it of their runs.
class Board {
 public:
  Board(const Options& options, const Plan& plan);

  void tell(std::size_t run, const RunProgress& progress);
  void finish(std::size_t run, const RunResult& result);

  /// Shows what is new, when it is due; to be called often.
  void show(bool at_once = false);

  [[nodiscard]] std::size_t finished() const;

 private:
  struct Status {
    std::optional<RunProgress> progress;  // where it has begun
    std::optional<RunResult> result;      // where it has ended
  };

  [[nodiscard]] std::string measures() const;
  [[nodiscard]] std::string cell(const std::string& task, const std::string& model) const;
  [[nodiscard]] std::string line_of(std::size_t run) const;
  [[nodiscard]] std::string headline() const;
  [[nodiscard]] double seconds_left() const;
  void draw_table();

  const Options& options_;
  const Plan& plan_;
  std::vector<Status> runs_;
  std::vector<std::string> rows_;  // of the table: models, then oracles
  mutable std::mutex guard_;
  bool terminal_;
  int lines_ = 0;  // of the table that stands on the terminal
  example::Stopwatch since_start_, since_shown_;
};

}  // namespace compare
