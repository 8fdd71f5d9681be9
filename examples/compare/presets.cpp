#include "compare/models.hpp"
#include "compare/options.hpp"
#include "compare/tasks.hpp"

namespace compare {

namespace {

std::vector<std::string> all_models() {
  std::vector<std::string> names;
  for (const ModelKind& kind : model_kinds()) names.push_back(kind.name);
  return names;
}

/// Every task at the library's sizes, with steps of about 4096 tokens.
std::vector<TaskSetting> all_tasks(Index steps) {
  std::vector<TaskSetting> settings;
  for (const Task& task : tasks())
    settings.push_back({task.name, task.train_length, std::max<Index>(1, 4096 / task.train_length), steps, task.test_lengths});
  return settings;
}

}  // namespace

// Settings: length in training, sequences of a step, steps, lengths of the tests, layers where not as in `sizes`. State is
// tracked by one layer, since several can share the work that one has to be able to do by itself.
std::vector<Preset> presets() {
  return {
      {.name = "quick",
       .description = "a few models and small tasks, within 5 minutes on two processors",
       .tasks = {{"mqar_small", 32, 32, 700, {32, 64, 128}},
                 {"needle_noise", 16, 64, 600, {16, 64, 256, 1024}},
                 {"parity", 32, 32, 400, {32, 64, 128, 256}, 1},
                 {"s3", 16, 32, 700, {16, 32, 64, 128}, 1}},
       .models = {"linear_attention", "mamba2", "delta_net", "gated_delta_net", "gated_delta_net_neg", "gated_delta_product"},
       .sizes = {.hidden_size = 32},
       .parameters = 20000,
       .seeds = 1,
       .test_sequences = 256,
       .seconds = 285},
      {.name = "standard",
       .description = "all models on small tasks, two seeds, about 3 hours on two processors",
       .tasks = {{"mqar_small", 32, 32, 2000, {32, 64, 128, 256}},
                 {"needle_noise", 16, 64, 1500, {16, 64, 256, 1024}},
                 {"needle_clean", 16, 64, 1500, {16, 64, 256, 1024}},
                 {"parity", 32, 32, 2000, {32, 64, 128, 256}, 1},
                 {"s3", 16, 64, 10000, {16, 32, 64, 128}, 1}},
       .models = all_models(),
       .sizes = {.hidden_size = 64},
       .training = {.lr = 3e-3},
       .parameters = 60000,
       .seeds = 2,
       .test_sequences = 256,
       .seconds = 8 * 3600 - 300},
      {.name = "reading",
       .description = "needles in real text, and laws that drift and jump, by what remembers them while reading; two seeds",
       .tasks = {{"needle_text", 32, 32, 4000, {32, 64, 256, 1024}},
                 {"drifting_regression", 128, 16, 2000, {128, 256, 512}},
                 {"smooth_regression", 128, 16, 2000, {128, 256, 512}},
                 {"piecewise_regression", 128, 16, 2000, {128, 256, 512}}},
       .models = {"linear_attention", "mamba2", "delta_net", "gated_delta_net", "momentum"},
       .sizes = {.hidden_size = 64},
       .training = {.lr = 3e-3},
       .parameters = 60000,
       .seeds = 2,
       .test_sequences = 256,
       .seconds = {}},
      {.name = "long",
       .description = "all models on all tasks, three seeds, as long as it takes: days",
       .tasks = all_tasks(20000),
       .models = all_models(),
       .sizes = {.hidden_size = 64},
       .parameters = 80000,
       .seeds = 3,
       .test_sequences = 1024,
       .seconds = {}}};
}

}  // namespace compare
