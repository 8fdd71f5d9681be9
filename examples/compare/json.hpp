#pragma once

#include <nlohmann/json.hpp>

#include "compare/setting.hpp"

/// Settings and results as JSON.
namespace compare {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ModelSizes, vocab_size, hidden_size, num_layers, num_heads, head_dim, intermediate_size,
                                   window)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(TrainingSettings, lr, warmup, weight_decay)
// With defaults: results from before there were haystacks still count.
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(RunSetting, task, model, seed, length, batch, steps, test_lengths,
                                                test_sequences, haystack, sizes, training)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(CurvePoint, step, loss, accuracy)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(TestScore, length, accuracy, exact_match, dial)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(StateNorm, tokens, norm)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(MemoryWrite, token, rows, columns, before, after, deep)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(RunResult, setting, parameters, state_numbers, seconds, failure, curve, tests, dial_tests,
                                   norms, write)

}  // namespace compare
