#include "compare/tests.hpp"

#include <algorithm>
#include <cmath>

#include "compare/test_data.hpp"
#include "deltanet/tasks/score.hpp"

namespace compare {

namespace {

/// One sequence of the task, [1, length].
TokensOrNumbers one_sequence(const Task& task, Index length) {
  deltanet::Random random(test_seed);
  const Batch batch = task.generate(random, 1, length);
  if (const auto* tokens = std::get_if<deltanet::TaskBatch>(&batch)) return tokens->tokens;
  return std::get<deltanet::RegressionBatch>(batch).inputs;
}

/// The mean squared error of the second halves of all sequences.
double late_error(const Numbers& predictions, const Numbers& targets) {
  const Index late = std::max<Index>(1, targets.dimension(1) / 2);
  return deltanet::squared_error_by_position(predictions, targets).tail(late).mean();
}

double squared_distance(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

/// Whether there is such a sequence: some settings of a dial need more tokens than others.
bool fits(const Generate& generate, Index length) {
  deltanet::Random random(test_seed);
  try {
    (void)generate(random, 1, length);
    return true;
  } catch (const std::invalid_argument&) {
    return false;
  }
}

}  // namespace

TestScore test(const Task& task, const Generate& generate, const Predict& predict, Index length, Index sequences) {
  deltanet::Random random(test_seed);
  deltanet::Score answers;
  double error = 0;
  for (Index done = 0; done < sequences;) {
    const Index batch = std::min(sequences - done, sequences_at_a_time(length));
    const Batch tests = generate(random, batch, length);
    if (const auto* tokens = std::get_if<deltanet::TaskBatch>(&tests)) {
      answers += deltanet::score(std::get<Tokens>(predict(tokens->tokens)), tokens->targets);
    } else {
      const auto& numbers = std::get<deltanet::RegressionBatch>(tests);
      const double share = static_cast<double>(batch) / static_cast<double>(sequences);
      error += share * late_error(std::get<Numbers>(predict(numbers.inputs)), numbers.targets) / task.noise_floor;
    }
    done += batch;
  }
  if (task.vocab_size == 0) return {length, error, 0, 0};
  return {length, answers.accuracy(), answers.exact_match(), 0};
}

std::vector<TestScore> test_lengths(const Predict& predict, const Task& task, const RunSetting& setting) {
  std::vector<TestScore> scores;
  for (const Index length : setting.test_lengths)
    scores.push_back(test(task, task.generate, predict, length, setting.test_sequences));
  return scores;
}

std::vector<TestScore> test_dial(const Predict& predict, const Task& task, const RunSetting& setting) {
  std::vector<TestScore> scores;
  for (const Index length : setting.test_lengths)
    for (const double place : task.dial.settings) {
      const auto generate = [&](deltanet::Random& random, Index batch, Index tokens) {
        return task.dial.generate(random, batch, tokens, place);
      };
      if (!fits(generate, length)) continue;
      TestScore score = test(task, generate, predict, length, std::max<Index>(1, setting.test_sequences / 8));
      score.dial = place;
      scores.push_back(score);
    }
  return scores;
}

std::vector<StateNorm> state_norms(const SequenceModel& model, const Task& task, const RunSetting& setting) {
  const Index length = greatest_length(setting);
  std::vector<StateNorm> norms;
  model.read(one_sequence(task, length), std::max<Index>(1, length / 48), [&](Index read, const std::vector<Memory>& memories) {
    double squares = 0;
    for (const Memory& memory : memories)
      for (const double entry : memory.entries) squares += entry * entry;
    norms.push_back({read, std::sqrt(squares)});
  });
  return norms;
}

MemoryWrite largest_write(const SequenceModel& model, const Task& task, const RunSetting& setting) {
  MemoryWrite write;
  std::vector<float> before;
  double most = -1;
  model.read(one_sequence(task, setting.length), 1, [&](Index read, const std::vector<Memory>& memories) {
    const auto memory = std::find_if(memories.begin(), memories.end(), [](const Memory& each) { return each.columns > 0; });
    if (memory == memories.end() || read > 64) return;
    const Index rows = setting.sizes.head_dim, columns = memory->columns;
    const std::vector<float> after(memory->entries.begin(), memory->entries.begin() + rows * columns);
    if (!before.empty()) {
      const double change = squared_distance(before, after);
      if (change > most) most = change, write = {read - 1, rows, columns, before, after, memory->deep};
    }
    before = after;
  });
  return write;
}

}  // namespace compare
