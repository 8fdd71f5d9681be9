#include "compare/task.hpp"

#include <cmath>

namespace compare {

using deltanet::detail::concat;

Measure accuracy(double chance) {
  return {.name = "accuracy", .axis = "accuracy (share of answers)", .share = true, .guessing = chance};
}

Measure relative_error() { return {.name = "relative error", .axis = "relative error (1: the law is known)"}; }

namespace {

/// The mean of the squared targets by the noise's, to a whole number, as some sequences say: the relative error of saying 0.
double relative_error_of_silence(const Task& task) {
  deltanet::Random random(1);
  const auto batch = std::get<deltanet::RegressionBatch>(task.generate(random, 128, 64));
  return std::round(deltanet::rows(batch.targets).array().square().mean() / task.noise_floor);
}

}  // namespace

template <class LibraryTask>
Task::Task(const LibraryTask& task, Measure its_measure)
    : name(task.name),
      description(task.description),
      source(task.source),
      train_length(task.train_length),
      test_lengths(task.test_lengths),
      measure(std::move(its_measure)),
      generate(task.generate),
      training_batch(task.generate) {}

Task::Task(const deltanet::TokenTask& task) : Task(task, accuracy(task.chance)) {
  vocab_size = task.vocab_size;
  if (task.generate_training) training_batch = task.generate_training;
  dial = {task.dial.name, task.dial.settings, task.dial.generate};
}

Task::Task(const deltanet::RegressionTask& task) : Task(task, relative_error()) {
  input_size = task.input_size, target_size = task.target_size;
  noise_floor = task.noise_floor;
  oracles = task.oracles;
}

std::string Task::about_measure() const {
  if (measure.share)
    return concat("Accuracy, the share of the answers that are right: more is better. Guessing gets ",
                  std::round(1000 * measure.guessing) / 1000, ".");
  return concat(
      "Relative error, the mean squared error over the second half of the sequence by that of the noise: less is better, 1 is "
      "that of who knows the law, ",
      relative_error_of_silence(*this), " or so that of who always says 0.");
}

const deltanet::RegressionOracle* Task::oracle(const std::string& oracle_name) const {
  for (const deltanet::RegressionOracle& each : oracles)
    if (each.name == oracle_name) return &each;
  return nullptr;
}

}  // namespace compare
