#include "compare/options.hpp"

#include <CLI/CLI.hpp>
#include <iostream>

#include "compare/models.hpp"
#include "compare/tasks.hpp"
#include "support/time_units.hpp"

namespace compare {

using example::UsageError;

namespace {

/// What the flags say beside the preset.
struct Flags {
  std::vector<std::string> tasks, models, haystack;
  std::string preset = "quick";
  std::uint64_t seeds = 0;
  Index length = 0, batch = 0, steps = 0, test_sequences = 0;  // 0: as the preset has it
  Index parameters = 0, hidden_size = 0, num_layers = 0, num_heads = 0, head_dim = 0, window = 0;
  std::optional<double> lr, seconds;
};

/// The preset's setting of the task, or as good a one for tasks that it leaves out.
TaskSetting setting_of(const Preset& preset, const Task& task) {
  for (const TaskSetting& setting : preset.tasks)
    if (setting.task == task.name) return setting;
  const TaskSetting& like = preset.tasks.front();
  return {task.name, task.train_length, std::max<Index>(1, like.batch * like.length / task.train_length), like.steps,
          task.test_lengths};
}

/// The preset with what the flags change of it.
Preset changed(Preset preset, const Flags& flags) {
  if (!flags.tasks.empty()) {
    std::vector<TaskSetting> tasks;
    for (const std::string& name : flags.tasks) tasks.push_back(setting_of(preset, find_task(name)));
    preset.tasks = tasks;
  }
  if (!flags.models.empty()) preset.models = flags.models;
  for (const std::string& name : preset.models) (void)find_model(name);
  if (flags.seeds > 0) preset.seeds = flags.seeds;
  const auto take = [](Index flag, Index& value) {
    if (flag > 0) value = flag;
  };
  take(flags.test_sequences, preset.test_sequences);
  take(flags.parameters, preset.parameters);
  take(flags.hidden_size, preset.sizes.hidden_size);
  take(flags.num_layers, preset.sizes.num_layers);
  take(flags.num_heads, preset.sizes.num_heads);
  take(flags.head_dim, preset.sizes.head_dim);
  take(flags.window, preset.sizes.window);
  if (flags.lr) preset.training.lr = *flags.lr;
  if (flags.steps > 0) preset.seconds.reset();  // steps that are asked for are taken
  if (flags.seconds) preset.seconds = flags.seconds;
  for (TaskSetting& task : preset.tasks) {
    take(flags.length, task.length);
    take(flags.batch, task.batch);
    take(flags.steps, task.steps);
    if (flags.num_layers > 0) task.num_layers = 0;
  }
  return preset;
}

/// The tasks of the preset, their needles hidden in the text of these files. Without any, needle_text takes the Eigen headers,
/// the others repeat their sentences.
void choose_tasks(Options& options, const std::vector<std::string>& files) {
  const auto hides = [&](const TaskSetting& setting) {
    return files.empty() ? setting.task == "needle_text" : hides_in_text(setting.task);
  };
  std::vector<TaskSetting>& settings = options.preset.tasks;
  if (std::any_of(settings.begin(), settings.end(), hides))
    options.haystack = read_haystack(files);
  else if (!files.empty())
    throw UsageError(
        "--haystack: expected a task that hides needles in text: needle_text, pass_key or one of niah_*; got none");
  const std::uint64_t fingerprint = options.haystack ? options.haystack->fingerprint() : 0;
  for (TaskSetting& setting : settings) {
    const bool hidden = hides(setting);
    options.tasks.push_back(hidden ? Task(hidden_in(options.haystack, setting)) : find_task(setting.task));
    if (hidden) setting.haystack = fingerprint;
  }
}

}  // namespace

Options parse_options(int argc, char** argv) {
  CLI::App app(
      "Trains sequence models of one size on sequence tasks and compares what they learn: a table while it goes on, then a "
      "page with plots. The same command again goes on where it was stopped.");
  Options options;
  Flags flags;
  std::string about;
  for (const Preset& preset : presets()) about += preset.name + ": " + preset.description + "; ";
  app.add_option("--tasks", flags.tasks, "Tasks, by their names in --list; the preset's where absent")->delimiter(',');
  app.add_option("--models", flags.models, "Models, by their names in --list; the preset's where absent")->delimiter(',');
  app.add_option("--haystack", flags.haystack,
                 "Files: the text that needle_text, pass_key and niah_* hide their needles in, the last tenth of it in tests; "
                 "without any, the Eigen headers for needle_text and repeated sentences for the others")
      ->check(CLI::ExistingFile);
  app.add_option("--preset", flags.preset, about)->capture_default_str();
  app.add_option("--seeds", flags.seeds, "Runs of each model on each task, which differ in their random numbers")
      ->check(CLI::PositiveNumber);
  app.add_option("--threads", options.threads, "Runs at a time; 0: one a processor")->check(CLI::NonNegativeNumber);
  app.add_option("--report", options.report, "Folder of the results, and of what it takes to go on")->capture_default_str();
  app.add_option("--csv", options.csv, "Where the results go as CSV; REPORT/results.csv where absent");
  app.add_flag("--list", options.list, "Show all tasks, models and presets");
  app.add_option("--time-budget", flags.seconds, "Time for all of it, such as 5m or 8h: steps are cut to fit")
      ->transform(example::time_units())
      ->check(CLI::PositiveNumber);
  const auto size = [&](const char* flag, Index& value, const char* about_it) {
    app.add_option(flag, value, about_it)->check(CLI::PositiveNumber)->group("Sizes");
  };
  size("--steps", flags.steps, "Steps of every run, whatever time they take");
  size("--length", flags.length, "Tokens of a sequence in training");
  size("--batch", flags.batch, "Sequences of a step");
  size("--test-sequences", flags.test_sequences, "Sequences of each length in the tests");
  size("--parameters", flags.parameters, "Of every model, but for its embedding and head");
  size("--hidden-size", flags.hidden_size, "Width of the models");
  size("--num-layers", flags.num_layers, "");
  size("--num-heads", flags.num_heads, "");
  size("--head-dim", flags.head_dim, "Width of a key and of a value: a memory has heads x width x width numbers");
  size("--window", flags.window, "Tokens that sliding-window attention sees");
  app.add_option("--lr", flags.lr, "Peak learning rate")->check(CLI::PositiveNumber)->group("Sizes");
  try {
    app.parse(argc, argv);
    options.preset = changed(deltanet::find_by_name("--preset", presets(), flags.preset), flags);
    if (!options.list) choose_tasks(options, flags.haystack);
  } catch (const CLI::CallForHelp&) {
    std::cout << app.help();
    std::exit(0);
  } catch (const CLI::ParseError& error) {
    throw UsageError(error.what());
  } catch (const std::invalid_argument& error) {  // an unknown task, model or preset
    throw UsageError(error.what());
  }
  if (options.csv.empty()) options.csv = options.report / "results.csv";
  return options;
}

std::vector<RunSetting> run_settings(const Options& options) {
  const Preset& preset = options.preset;
  std::vector<RunSetting> runs;
  for (std::uint64_t seed = 1; seed <= preset.seeds; ++seed)
    for (const TaskSetting& task : preset.tasks)
      for (const std::string& model : preset.models) {
        const Task& asked = find_task(task.task);
        ModelSizes sizes = preset.sizes;
        sizes.vocab_size = asked.vocab_size, sizes.input_size = asked.input_size, sizes.target_size = asked.target_size;
        if (task.num_layers > 0) sizes.num_layers = task.num_layers;
        sizes = with_parameters(find_model(model), sizes, preset.parameters + parameters_outside(sizes));
        runs.push_back({task.task, model, seed, task.length, task.batch, task.steps, task.test_lengths, preset.test_sequences,
                        task.haystack, sizes, preset.training});
      }
  for (const TaskSetting& task : preset.tasks)
    for (const deltanet::RegressionOracle& oracle : find_task(task.task).oracles)
      runs.push_back({.task = task.task,
                      .model = oracle.name,
                      .length = task.length,
                      .test_lengths = task.test_lengths,
                      .test_sequences = preset.test_sequences,
                      .sizes = {},
                      .training = {}});
  return runs;
}

}  // namespace compare
