#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "deltanet/core/check.hpp"
#include "deltanet/core/random.hpp"

namespace deltanet {

/// Sequences that ask something of their reader.
struct TaskBatch {
  Tensor<std::int32_t, 2> tokens;   // [B, T]
  Tensor<std::int32_t, 2> targets;  // [B, T]: what the logits at t should say, `ignore_index` where nothing is asked
};

/// What makes a task harder at one length: the depth of a needle, the number of pairs to remember. Tasks without a dial leave
/// it empty.
struct TaskDial {
  std::string name{};              // "depth"
  std::vector<double> settings{};  // those worth trying, from easy to hard where there is such an order
  /// As TokenTask::generate, at this setting.
  std::function<TaskBatch(Random&, Index batch, Index length, double setting)> generate{};
};

/// A task over tokens, whatever it is: what programs and tests that run over many of them take. Each header of this folder has
/// a function that makes one from its settings, and registry.hpp lists those with usual settings.
struct TokenTask {
  std::string name{};         // "mqar"
  std::string description{};  // one sentence
  std::string source{};       // the paper, and the program whose data this is like
  Index vocab_size = 0;
  Index train_length = 0;             // T
  std::vector<Index> test_lengths{};  // the first is train_length, longer ones follow
  double chance = 0;                  // accuracy of the best guess that remembers nothing
  /// `batch` sequences of `length` tokens. The same state of `random` gives the same data on every platform. Throws
  /// std::invalid_argument, which says the least length, where the task does not fit.
  std::function<TaskBatch(Random& random, Index batch, Index length)> generate{};
  /// What to train on, where it is not what is tested: more may be asked, or the text be another. Empty for tasks that train on
  /// what they test.
  std::function<TaskBatch(Random& random, Index batch, Index length)> generate_training{};
  TaskDial dial{};

  /// The next sequences to train on. As generate.
  [[nodiscard]] TaskBatch training_batch(Random& random, Index batch, Index length) const {
    return generate_training ? generate_training(random, batch, length) : generate(random, batch, length);
  }
};

/// A batch of `batch` sequences of `length` tokens, all zero and nothing asked.
inline TaskBatch empty_task_batch(Index batch, Index length) {
  expect(batch > 0, "batch: expected at least 1, got ", batch);
  expect(length > 0, "length: expected at least 1, got ", length);
  TaskBatch result{Tensor<std::int32_t, 2>(batch, length), Tensor<std::int32_t, 2>(batch, length)};
  result.tokens.setZero();
  result.targets.setConstant(ignore_index);
  return result;
}

/// Writes sequence b from a stream of T + 1 tokens, each of which the model sees before it is to say the next: position t reads
/// stream[t] and, where asked[t + 1], should say stream[t + 1].
inline void put_stream(TaskBatch& batch, Index b, const std::vector<std::int32_t>& stream, const std::vector<bool>& asked) {
  const Index T = batch.tokens.dimension(1);
  const auto size = static_cast<std::size_t>(T + 1);
  expect(stream.size() == size && asked.size() == size, "stream: expected T + 1 = ", size, " tokens, got ", stream.size(),
         " and asked for ", asked.size());
  for (Index t = 0; t < T; ++t) {
    const auto i = static_cast<std::size_t>(t);
    batch.tokens(b, t) = stream[i];
    batch.targets(b, t) = asked[i + 1] ? stream[i + 1] : ignore_index;
  }
}

/// A generator with its settings, as TokenTask::generate takes it.
template <class Config>
std::function<TaskBatch(Random&, Index, Index)> with_settings(const Config& config,
                                                              TaskBatch (*generate)(const Config&, Random&, Index, Index)) {
  return [config, generate](Random& random, Index batch, Index length) { return generate(config, random, batch, length); };
}

/// The entry of this name. Throws std::invalid_argument for any other, with all names; `what` says what they are names of.
template <class Entry>
const Entry& find_by_name(const char* what, const std::vector<Entry>& entries, const std::string& name) {
  std::string names;
  for (const Entry& entry : entries) {
    if (entry.name == name) return entry;
    names += names.empty() ? entry.name : ", " + entry.name;
  }
  throw std::invalid_argument(detail::concat(what, ": expected one of ", names, ", got ", name));
}

/// The task of this name. Throws as find_by_name does.
inline const TokenTask& find_task(const std::vector<TokenTask>& tasks, const std::string& name) {
  return find_by_name("task", tasks, name);
}

}  // namespace deltanet
