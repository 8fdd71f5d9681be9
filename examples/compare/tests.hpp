#pragma once

#include "compare/setting.hpp"
#include "compare/task.hpp"

/// What is looked at in a model that was trained, or in an oracle.
namespace compare {

/// Answers to what it is given: a model's or an oracle's `predict`.
using Predict = std::function<TokensOrNumbers(const TokensOrNumbers&)>;

/// The score of `sequences` sequences of the task that generate(random, batch, length) draws, always the same ones.
using Generate = std::function<Batch(deltanet::Random&, Index batch, Index length)>;
TestScore test(const Task& task, const Generate& generate, const Predict& predict, Index length, Index sequences);

/// The scores at all lengths, and at all settings of the task's dial, with an eighth as many sequences each.
std::vector<TestScore> test_lengths(const Predict& predict, const Task& task, const RunSetting& setting);
std::vector<TestScore> test_dial(const Predict& predict, const Task& task, const RunSetting& setting);

/// Where along sequences of the greatest length errors are made; nothing for tasks over tokens.
ErrorCurves error_curves(const Predict& predict, const Task& task, const RunSetting& setting);

/// The state's norms along one sequence of the greatest length, at 48 places.
std::vector<StateNorm> state_norms(const SequenceModel& model, const Task& task, const RunSetting& setting);

/// The memory of the first layer's first head at the position, of the first 64, that changes it most; of a deep memory, the
/// weights of its first layer. Empty for models without a memory of constant size.
MemoryWrite largest_write(const SequenceModel& model, const Task& task, const RunSetting& setting);

}  // namespace compare
