#pragma once

#include <nlohmann/json.hpp>

#include "compare/setting.hpp"

/// Settings and results as JSON.
namespace compare {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ModelSizes, vocab_size, input_size, target_size, hidden_size, num_layers,
                                                num_heads, head_dim, intermediate_size, window)
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

/// A score, which older stores, of tasks over tokens alone, call accuracy.
inline double score_in(const nlohmann::json& json) { return json.at(json.contains("score") ? "score" : "accuracy"); }

inline void to_json(nlohmann::json& json, const CurvePoint& point) {
  json = {{"step", point.step}, {"loss", point.loss}, {"score", point.score}};
}
inline void from_json(const nlohmann::json& json, CurvePoint& point) {
  point = {json.at("step"), json.at("loss"), score_in(json)};
}
inline void to_json(nlohmann::json& json, const TestScore& test) {
  json = {{"length", test.length}, {"score", test.score}, {"exact_match", test.exact_match}, {"dial", test.dial}};
}
inline void from_json(const nlohmann::json& json, TestScore& test) {
  test = {json.at("length"), score_in(json), json.at("exact_match"), json.at("dial")};
}

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ErrorPoint, place, error)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ErrorCurves, by_position, after_new, after_return)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(StateNorm, tokens, norm)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(MemoryWrite, token, rows, columns, before, after, deep)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(RunResult, setting, parameters, state_numbers, seconds, failure, curve, tests,
                                                dial_tests, errors, norms, write)

}  // namespace compare
