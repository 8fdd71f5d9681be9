#include "compare/tests.hpp"

#include <algorithm>
#include <cmath>

namespace compare {

namespace {

constexpr std::uint64_t test_seed = 20241209;  // no run trains with it

/// One sequence of the task, [1, length].
deltanet::Tensor<std::int32_t, 2> one_sequence(const deltanet::TokenTask& task, Index length) {
  deltanet::Random random(test_seed);
  return task.generate(random, 1, length).tokens;
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

deltanet::Score test(const SequenceModel& model, const Generate& generate, Index length, Index sequences) {
  constexpr Index most_tokens = 8192;  // at a time
  deltanet::Random random(test_seed);
  deltanet::Score total;
  for (Index done = 0; done < sequences;) {
    const Index batch = std::min(sequences - done, std::max<Index>(1, most_tokens / length));
    const deltanet::TaskBatch tests = generate(random, batch, length);
    total += deltanet::score(model.predict(tests.tokens), tests.targets);
    done += batch;
  }
  return total;
}

std::vector<TestScore> test_lengths(const SequenceModel& model, const deltanet::TokenTask& task, const RunSetting& setting) {
  std::vector<TestScore> scores;
  for (const Index length : setting.test_lengths) {
    const deltanet::Score score = test(model, task.generate, length, setting.test_sequences);
    scores.push_back({length, score.accuracy(), score.exact_match(), 0});
  }
  return scores;
}

std::vector<TestScore> test_dial(const SequenceModel& model, const deltanet::TokenTask& task, const RunSetting& setting) {
  std::vector<TestScore> scores;
  for (const Index length : setting.test_lengths)
    for (const double place : task.dial.settings) {
      const auto generate = [&](deltanet::Random& random, Index batch, Index tokens) {
        return task.dial.generate(random, batch, tokens, place);
      };
      if (!fits(generate, length)) continue;
      const deltanet::Score score = test(model, generate, length, std::max<Index>(1, setting.test_sequences / 8));
      scores.push_back({length, score.accuracy(), score.exact_match(), place});
    }
  return scores;
}

std::vector<StateNorm> state_norms(const SequenceModel& model, const deltanet::TokenTask& task, const RunSetting& setting) {
  const Index length = *std::max_element(setting.test_lengths.begin(), setting.test_lengths.end());
  std::vector<StateNorm> norms;
  model.read(one_sequence(task, length), std::max<Index>(1, length / 48),
             [&](Index tokens, const std::vector<Memory>& memories) {
               double squares = 0;
               for (const Memory& memory : memories)
                 for (const double entry : memory.entries) squares += entry * entry;
               norms.push_back({tokens, std::sqrt(squares)});
             });
  return norms;
}

MemoryWrite largest_write(const SequenceModel& model, const deltanet::TokenTask& task, const RunSetting& setting) {
  MemoryWrite write;
  std::vector<float> before;
  double most = -1;
  const deltanet::Tensor<std::int32_t, 2> tokens = one_sequence(task, setting.length);
  model.read(tokens, 1, [&](Index read, const std::vector<Memory>& memories) {
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
