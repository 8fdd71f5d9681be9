#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compare/sizes.hpp"

/// What a run is given, and what comes of it.
namespace compare {

/// All that the result of a run depends on: two runs of equal settings have equal results, to the last bit.
struct RunSetting {
  std::string task;
  std::string model;       // or an oracle of the task, which takes no steps
  std::uint64_t seed = 1;  // of the initial parameters and the training data; the tests are always the same
  Index length = 0;        // tokens of a sequence in training
  Index batch = 0;         // sequences of a step
  Index steps = 0;
  std::vector<Index> test_lengths;
  Index test_sequences = 0;    // of each length
  std::uint64_t haystack = 0;  // fingerprint of the text that needles are hidden in; 0 where the task brings its own
  ModelSizes sizes;
  TrainingSettings training;
};

/// A point of a learning curve.
struct CurvePoint {
  Index step = 0;
  double loss = 0;   // nats or squared error, mean of the steps since the last point
  double score = 0;  // of a few test sequences of the length in training
};

/// What was measured at one length, and, where the task has a dial, at one setting of it.
struct TestScore {
  Index length = 0;
  double score = 0;        // the task's measure: accuracy, or relative error
  double exact_match = 0;  // share of the sequences with all answers right
  double dial = 0;         // the setting; 0 where the task has none
};

/// A relative error at some place of a sequence of numbers.
struct ErrorPoint {
  double place = 0;
  double error = 0;
};

/// Relative errors along sequences of the greatest length.
struct ErrorCurves {
  std::vector<ErrorPoint> by_position;              // counted from 1; means of neighbours, ever more of them
  std::vector<ErrorPoint> after_new, after_return;  // by the steps since the law jumped, to a new one or back to an old one
};

/// How large a model's state was after some tokens: the root of the sum of squares of all that it remembers.
struct StateNorm {
  Index tokens = 0;
  double norm = 0;
};

/// A memory, [rows, columns], before and after the token that changed it most. Of a deep one, its first layer.
struct MemoryWrite {
  Index token = 0;  // its position
  Index rows = 0, columns = 0;
  std::vector<float> before, after;
  bool deep = false;
};

struct RunResult {
  RunSetting setting;
  Index parameters = 0;
  Index state_numbers = 0;  // after as many tokens as a sequence has in training
  double seconds = 0;       // of training
  std::string failure;      // why training stopped early: empty where it did not
  std::vector<CurvePoint> curve;
  std::vector<TestScore> tests;       // by length
  std::vector<TestScore> dial_tests;  // by length and setting
  ErrorCurves errors;                 // of tasks over numbers
  std::vector<StateNorm> norms;
  MemoryWrite write;

  /// The score at the length in training; 0 where training failed.
  [[nodiscard]] double score() const { return tests.empty() ? 0 : tests.front().score; }
  [[nodiscard]] double tokens_per_second() const {
    return seconds > 0 ? static_cast<double>(setting.steps * setting.batch * setting.length) / seconds : 0;
  }
};

}  // namespace compare
