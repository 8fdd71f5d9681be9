#pragma once

#include "compare/sequence_model.hpp"
#include "compare/setting.hpp"
#include "deltanet/tasks/score.hpp"

/// What is looked at in a model that was trained.
namespace compare {

/// The score of `sequences` sequences that generate(random, batch, length) draws, always the same ones.
using Generate = std::function<deltanet::TaskBatch(deltanet::Random&, Index batch, Index length)>;
deltanet::Score test(const SequenceModel& model, const Generate& generate, Index length, Index sequences);

/// The scores at all lengths, and at all settings of the task's dial, with an eighth as many sequences each.
std::vector<TestScore> test_lengths(const SequenceModel& model, const deltanet::TokenTask& task, const RunSetting& setting);
std::vector<TestScore> test_dial(const SequenceModel& model, const deltanet::TokenTask& task, const RunSetting& setting);

/// The state's norms along one sequence of the greatest length, at 48 places.
std::vector<StateNorm> state_norms(const SequenceModel& model, const deltanet::TokenTask& task, const RunSetting& setting);

/// The memory of the first layer's first head at the token, of the first 64, that changes it most; of a deep memory, the
/// weights of its first layer. Empty for models without a memory of constant size.
MemoryWrite largest_write(const SequenceModel& model, const deltanet::TokenTask& task, const RunSetting& setting);

}  // namespace compare
