#pragma once

#include "compare/sequence_model.hpp"

namespace compare {

/// What the answers to a task are measured by.
struct Measure {
  std::string name;     // "accuracy"
  std::string axis;     // the same with its unit
  bool share = false;   // in [0, 1], more is better; otherwise positive, less is better
  double guessing = 0;  // that of a guess, where it is a share
};

/// The share of the answers that are right. `chance` is that of a guess.
Measure accuracy(double chance);

/// The mean squared error over the second half of a sequence, in which what can be learnt from the first half is known, by the
/// `noise_floor`, the error of who knows the law.
Measure relative_error();

/// What makes a task harder at one length, as deltanet::TaskDial.
struct Dial {
  std::string name;
  std::vector<double> settings;
  std::function<Batch(deltanet::Random&, Index batch, Index length, double setting)> generate;
};

/// A task as a comparison sees it, whatever its sequences are made of.
struct Task {
  std::string name, description, source;
  Index vocab_size = 0;                   // of tokens; 0 where the sequences are of numbers:
  Index input_size = 0, target_size = 0;  // D and D' of those
  Index train_length = 0;
  std::vector<Index> test_lengths;
  Measure measure;
  double noise_floor = 0;  // of numbers: the mean squared error of who knows the law
  std::function<Batch(deltanet::Random&, Index batch, Index length)> generate;        // what is tested
  std::function<Batch(deltanet::Random&, Index batch, Index length)> training_batch;  // what is trained on
  Dial dial;                                                                          // of some tasks over tokens
  std::vector<deltanet::RegressionOracle> oracles;  // of tasks over numbers: they stand in a row beside the models

  Task(const deltanet::TokenTask& task);
  Task(const deltanet::RegressionTask& task);

  /// The oracle of this name; null where there is none.
  [[nodiscard]] const deltanet::RegressionOracle* oracle(const std::string& oracle_name) const;

  /// What its measure is, and what to compare it with, in sentences.
  [[nodiscard]] std::string about_measure() const;

 private:
  /// What both kinds of tasks have.
  template <class LibraryTask>
  Task(const LibraryTask& task, Measure its_measure);
};

}  // namespace compare
