#include "compare/task.hpp"

#include <cmath>

namespace compare {

using deltanet::detail::concat;

Measure accuracy(double chance) {
  return {.name = "accuracy",
          .axis = "accuracy (share of answers)",
          .about = concat("Accuracy, the share of the answers that are right: more is better. Guessing gets ",
                          std::round(1000 * chance) / 1000, "."),
          .share = true,
          .guessing = chance};
}

Measure relative_error(double silence) {
  return {
      .name = "relative error",
      .axis = "relative error (1: the law is known)",
      .about = concat("Relative error, the mean squared error over the second half of the sequence by that of the noise: less "
                      "is better, 1 is that of who knows the law, ",
                      silence, " or so that of who always says 0.")};
}

namespace {

/// The mean of the squared targets by the noise's, to a whole number, as some sequences say.
double relative_error_of_silence(const deltanet::RegressionTask& task) {
  deltanet::Random random(1);
  const deltanet::RegressionBatch batch = task.generate(random, 128, 64);
  return std::round(deltanet::rows(batch.targets).array().square().mean() / task.noise_floor);
}

}  // namespace

Task::Task(const deltanet::TokenTask& task)
    : name(task.name),
      description(task.description),
      source(task.source),
      vocab_size(task.vocab_size),
      train_length(task.train_length),
      test_lengths(task.test_lengths),
      measure(accuracy(task.chance)),
      generate(task.generate),
      training_batch(task.generate_training ? task.generate_training : task.generate),
      dial{task.dial.name, task.dial.settings, task.dial.generate} {}

Task::Task(const deltanet::RegressionTask& task)
    : name(task.name),
      description(task.description),
      source(task.source),
      input_size(task.input_size),
      target_size(task.target_size),
      train_length(task.train_length),
      test_lengths(task.test_lengths),
      measure(relative_error(relative_error_of_silence(task))),
      noise_floor(task.noise_floor),
      generate(task.generate),
      training_batch(task.generate),
      oracles(task.oracles) {}

const deltanet::RegressionOracle* Task::oracle(const std::string& oracle_name) const {
  for (const deltanet::RegressionOracle& each : oracles)
    if (each.name == oracle_name) return &each;
  return nullptr;
}

}  // namespace compare
