#pragma once

#include "deltanet/tasks/adaptation.hpp"
#include "deltanet/tasks/associative_recall.hpp"
#include "deltanet/tasks/babilong.hpp"
#include "deltanet/tasks/compression.hpp"
#include "deltanet/tasks/in_context_recall.hpp"
#include "deltanet/tasks/memorization.hpp"
#include "deltanet/tasks/modular_arithmetic.hpp"
#include "deltanet/tasks/needle.hpp"
#include "deltanet/tasks/permuted_recall.hpp"
#include "deltanet/tasks/selective_copying.hpp"
#include "deltanet/tasks/state_tracking.hpp"
#include "deltanet/tasks/switching_series.hpp"

namespace deltanet {

/// The needles in a haystack: over RULER's repeated sentences, or over the text of any file.
inline std::vector<TokenTask> needle_tasks(const std::string& haystack = green_grass) {
  const auto task = [&](const char* name, NeedleKind kind, Index num_needles, const std::vector<Index>& lengths) {
    return needle_task(name, {.kind = kind, .haystack = haystack, .num_needles = num_needles}, lengths[0], lengths);
  };
  const std::vector<Index> one{512, 1024, 2048, 4096}, several{1024, 2048, 4096};
  return {task("pass_key", NeedleKind::pass_key, 1, one), task("niah_number", NeedleKind::number, 1, one),
          task("niah_word", NeedleKind::word, 1, one), task("niah_uuid", NeedleKind::uuid, 1, one),
          task("niah_multikey", NeedleKind::number, 4, several)};
}

/// All tasks over tokens, at sizes that a small model learns on a CPU. Those of MAD have MAD's; MQAR has a smaller vocabulary
/// than Zoology's 8192, needles and stories have shorter texts than RULER's and BABILong's.
inline const std::vector<TokenTask>& token_tasks() {
  static const std::vector<TokenTask> tasks = [] {
    const std::vector<Index> recall{128, 256, 512, 1024}, words{32, 64, 128, 256, 512};
    std::vector<TokenTask> all{
        associative_recall_task("mqar", {.vocab_size = 1024, .num_pairs = 16}, 128, recall, {4, 8, 16, 32}),
        associative_recall_task("mqar_rewrites", {.vocab_size = 1024, .num_pairs = 16, .num_rewrites = 8}, 128, recall,
                                {4, 8, 16, 24}),
        state_tracking_task("parity", {cyclic_group(2)}, 32, words),
        state_tracking_task("parity_at_end", {cyclic_group(2), false}, 32, words),
        state_tracking_task("modular_addition", {cyclic_group(5)}, 32, words),
        state_tracking_task("s3", {symmetric_group(3)}, 32, words),
        state_tracking_task("s5", {symmetric_group(5)}, 32, words),
        modular_arithmetic_task("modular_arithmetic", {}, 32, words),
        modular_arithmetic_task("modular_arithmetic_brackets", {.brackets = true}, 32, words),
        selective_copying_task("selective_copying", {}, 256, {256, 512, 1024}, {4, 8, 16, 32}),
        in_context_recall_task("in_context_recall", {}, 128, recall),
        in_context_recall_task("noisy_recall", {.vocab_size = 32, .noise_vocab_size = 16, .noise_share = 0.2}, 128, recall),
        in_context_recall_task("fuzzy_recall", {.key_motif_size = 3, .value_motif_size = 3}, 128, recall),
        memorization_task("memorization", {}, 32, {32, 128}),
        compression_task("compression", {}, 32, {32, 64, 128}),
        permuted_recall_task("permuted_recall", {}, {256, 512, 1024}),
    };
    const std::vector<TokenTask> needles = needle_tasks();
    all.insert(all.begin() + 2, needles.begin(), needles.end());  // behind MQAR
    for (Index task = 1; task <= 5; ++task)
      all.push_back(babilong_task(detail::concat("babilong_qa", task), {.task = task, .min_facts = task < 3 ? 2 : 4}, 256,
                                  {256, 512, 1024, 2048, 4096}));
    return all;
  }();
  return tasks;
}

/// The task of this name among token_tasks(). Throws std::invalid_argument with all names for any other.
inline const TokenTask& find_task(const std::string& name) { return find_task(token_tasks(), name); }

/// All regression tasks, with 8 inputs and one output, or one series.
inline const std::vector<RegressionTask>& regression_tasks() {
  static const std::vector<RegressionTask> tasks = [] {
    const std::vector<Index> lengths{256, 1024, 4096};
    return std::vector<RegressionTask>{
        adaptation_task("fixed_regression", "linear regression, learnt in context", {}, 256, lengths),
        adaptation_task("drifting_regression", "linear regression whose weights drift", {.persistence = 0.99}, 256, lengths),
        adaptation_task("smooth_regression", "linear regression whose weights drift on as they did before",
                        {.persistence = 0.97, .smooth = true}, 256, lengths),
        adaptation_task("piecewise_regression", "linear regression whose weights jump, half the times back to old ones",
                        {.mean_run = 64, .return_share = 0.5}, 256, lengths),
        adaptation_task("outlier_regression", "drifting linear regression with bursts of outliers in what is told",
                        {.persistence = 0.99, .burst_share = 0.02}, 256, lengths),
        switching_series_task("switching_series", "an autoregressive series whose coefficients jump", {}, 256, lengths),
        switching_series_task("squashed_series", "a nonlinear autoregressive series whose coefficients jump", {.squash = 1},
                              256, lengths),
    };
  }();
  return tasks;
}

}  // namespace deltanet
