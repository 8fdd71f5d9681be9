#pragma once

#include "deltanet/tasks/draw.hpp"
#include "deltanet/tasks/task.hpp"

namespace deltanet {

/// Sizes of continual learning in context.
struct PermutedRecallConfig {
  Index num_tasks = 4;      // K
  Index num_keys = 8;       // n, the same in all tasks
  Index num_questions = 4;  // m, about each task so far, whenever one has been learnt

  void validate() const {
    expect(num_tasks > 0, "num_tasks: expected at least 1, got ", num_tasks);
    expect(num_keys > 1, "num_keys: expected at least 2, got ", num_keys);
    expect_range<Index>("num_questions", num_questions, 1, num_keys);
  }
  /// 3 tokens a pair and a question.
  [[nodiscard]] Index least_length() const {
    return 3 * num_tasks * num_keys + 3 * num_questions * num_tasks * (num_tasks + 1) / 2;
  }
  /// 0 fills, 1 asks; tasks, keys and values follow.
  [[nodiscard]] Index vocab_size() const { return 2 + num_tasks + 2 * num_keys; }
};

/// Which task each question is about, and which was the last one learnt before it.
struct PermutedRecallBatch {
  TaskBatch batch;
  Tensor<std::int32_t, 2> about;   // [B, T]: j, and -1 where nothing is asked
  Tensor<std::int32_t, 2> learnt;  // [B, T]: i >= j
};

/// Tasks that come one after the other in one sequence and give the same keys the same values in another order each, so that
/// what one writes gets in the way of those before; after each, questions about all so far. Permuted tasks as in Goodfellow et
/// al. (1312.6211), in context.
///
///   tokens   A k1 v3 A k2 v1 .. ? A k2  B k1 v2 B k2 v3 .. ? A k1 ? B k2 ..
///   targets  -                  - - v1  -                  - - v3 - - v3
///
/// Tokens [B, T], T >= config.least_length(); what is left is filler (0) before the tasks, anywhere alike. O(B T).
inline PermutedRecallBatch permuted_recall_batch(const PermutedRecallConfig& config, Random& random, Index batch,
                                                 Index length) {
  config.validate();
  const Index K = config.num_tasks, n = config.num_keys;
  expect(length >= config.least_length(), "length: expected at least ", config.least_length(), " for ", K, " tasks of ", n,
         " keys, got ", length);
  PermutedRecallBatch result{empty_task_batch(batch, length), Tensor<std::int32_t, 2>(batch, length),
                             Tensor<std::int32_t, 2>(batch, length)};
  result.about.setConstant(-1);
  result.learnt.setConstant(-1);
  for (Index b = 0; b < batch; ++b) {
    const std::vector<Index> fillers = draw_sorted(random, length - config.least_length(), K);  // the task each precedes
    std::vector<std::vector<Index>> values;                                                     // of each task's keys
    Index t = 0;
    const auto put = [&](Index token) { result.batch.tokens(b, t++) = static_cast<std::int32_t>(token); };
    for (Index i = 0; i < K; ++i) {
      t += std::count(fillers.begin(), fillers.end(), i);
      values.push_back(draw_distinct(random, n, n));
      for (const Index key : draw_distinct(random, n, n)) {
        put(2 + i);
        put(2 + K + key);
        put(2 + K + n + values.back()[static_cast<std::size_t>(key)]);
      }
      for (Index j = 0; j <= i; ++j)
        for (const Index key : draw_distinct(random, config.num_questions, n)) {
          put(1);
          put(2 + j);
          result.batch.targets(b, t) =
              static_cast<std::int32_t>(2 + K + n + values[static_cast<std::size_t>(j)][static_cast<std::size_t>(key)]);
          result.about(b, t) = static_cast<std::int32_t>(j);
          result.learnt(b, t) = static_cast<std::int32_t>(i);
          put(2 + K + key);
        }
    }
  }
  return result;
}

/// The same without what each question is about.
inline TaskBatch permuted_recall(const PermutedRecallConfig& config, Random& random, Index batch, Index length) {
  return permuted_recall_batch(config, random, batch, length).batch;
}

/// Accuracy R [K, K] in questions about task j (column) after task i (row) was learnt; 0 for j > i, which nobody asks.
inline Matrix<double> transfer_matrix(View<const std::int32_t, 2> predicted, const PermutedRecallBatch& asked,
                                      Index num_tasks) {
  const auto& targets = asked.batch.targets;
  expect_shape("predicted", predicted, {{"B", targets.dimension(0)}, {"T", targets.dimension(1)}});
  Matrix<double> correct = Matrix<double>::Zero(num_tasks, num_tasks), count = correct;
  for (Index at = 0; at < targets.size(); ++at) {
    const Index i = asked.learnt.data()[at], j = asked.about.data()[at];
    if (j < 0) continue;
    count(i, j) += 1;
    correct(i, j) += predicted.data[at] == targets.data()[at];
  }
  return correct.cwiseQuotient(count.cwiseMax(1));
}

/// Mean accuracy in all tasks after the last (Lopez-Paz and Ranzato, 1706.08840): mean_j R[K, j].
inline double average_accuracy(const Matrix<double>& R) { return R.bottomRows(1).mean(); }

/// Backward transfer (the same paper): mean over j < K of R[K, j] - R[j, j]; below 0 where tasks are forgotten. 0 for one task.
inline double backward_transfer(const Matrix<double>& R) {
  const Index before = R.rows() - 1;
  return before == 0 ? 0 : (R.row(before) - R.diagonal().transpose()).head(before).mean();
}

/// permuted_recall as a task. Chance is that of any value.
inline TokenTask permuted_recall_task(const std::string& name, const PermutedRecallConfig& config,
                                      const std::vector<Index>& test_lengths) {
  config.validate();
  return {.name = name,
          .description = "tasks in turn that give the same keys other values: say those of any task so far",
          .source = "after Goodfellow et al. (arXiv 1312.6211) and Lopez-Paz and Ranzato (arXiv 1706.08840)",
          .vocab_size = config.vocab_size(),
          .train_length = test_lengths.at(0),
          .test_lengths = test_lengths,
          .chance = 1 / static_cast<double>(config.num_keys),
          .generate = with_settings(config, permuted_recall)};
}

}  // namespace deltanet
