#pragma once

#include <nlohmann/json.hpp>

#include "compare/setting.hpp"

/// Settings and results as JSON.
namespace compare {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ModelSizes, vocab_size, hidden_size, num_layers, num_heads, head_dim, intermediate_size,
                                   window)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(TrainingSettings, lr, warmup, weight_decay)

/// A haystack is written where there is one, so that whatever was stored before there were any still counts.
inline void to_json(nlohmann::json& json, const RunSetting& run) {
  json = {{"task", run.task},
          {"model", run.model},
          {"seed", run.seed},
          {"length", run.length},
          {"batch", run.batch},
          {"steps", run.steps},
          {"test_lengths", run.test_lengths},
          {"test_sequences", run.test_sequences},
          {"sizes", run.sizes},
          {"training", run.training}};
  if (run.haystack != 0) json["haystack"] = run.haystack;
}
inline void from_json(const nlohmann::json& json, RunSetting& run) {
  json.at("task").get_to(run.task);
  json.at("model").get_to(run.model);
  json.at("seed").get_to(run.seed);
  json.at("length").get_to(run.length);
  json.at("batch").get_to(run.batch);
  json.at("steps").get_to(run.steps);
  json.at("test_lengths").get_to(run.test_lengths);
  json.at("test_sequences").get_to(run.test_sequences);
  json.at("sizes").get_to(run.sizes);
  json.at("training").get_to(run.training);
  run.haystack = json.value("haystack", std::uint64_t{0});
}

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(CurvePoint, step, loss, accuracy)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(TestScore, length, accuracy, exact_match, dial)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(StateNorm, tokens, norm)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(MemoryWrite, token, rows, columns, before, after, deep)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(RunResult, setting, parameters, state_numbers, seconds, failure, curve, tests, dial_tests,
                                   norms, write)

}  // namespace compare
