#include "compare/run.hpp"

#include "compare/json.hpp"
#include "compare/models.hpp"
#include "compare/tests.hpp"
#include "deltanet/io/checkpoint.hpp"
#include "support/stopwatch.hpp"

namespace compare {

namespace fs = std::filesystem;
using example::Stopwatch;

namespace {

constexpr Index curve_points = 24;
constexpr Index curve_sequences = 32;  // that each of them is measured by
constexpr double seconds_between_checkpoints = 60;

fs::path checkpoint_path(const fs::path& folder, const RunSetting& setting) {
  return folder / deltanet::detail::concat(setting.task, '-', setting.model, '-', setting.seed, ".safetensors");
}

/// A loss, a gradient or a memory that is not finite.
struct Diverged : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A run that is not over.
struct Training {
  const RunSetting& setting;
  const Task& task;
  std::unique_ptr<SequenceModel> model;
  deltanet::Random random;  // draws the training data: where it is, the data is
  double seconds = 0;
  std::vector<CurvePoint> curve;

  Training(const Task& task_, const RunSetting& setting_)
      : setting(setting_),
        task(task_),
        model(find_model(setting.model).make(setting.sizes, setting.training, setting.seed)),
        random(setting.seed + 1000) {}

  [[nodiscard]] Predict predict() const {
    return [this](const TokensOrNumbers& inputs) { return model->predict(inputs); };
  }

  double step() {
    const Batch batch = task.training_batch(random, setting.batch, setting.length);
    try {
      return model->train(batch, (static_cast<double>(model->steps()) + 0.5) / static_cast<double>(setting.steps));
    } catch (const std::exception& error) {
      throw Diverged(error.what());
    }
  }

  void save(const fs::path& folder) const {
    std::vector<deltanet::SourceTensor> tensors;
    for (const TrainedTensor& tensor : model->trained_tensors())
      tensors.emplace_back(tensor.name, deltanet::TensorSpan<const float>{tensor.span.data, tensor.span.shape});
    write_safetensors(checkpoint_path(folder, setting), tensors,
                      {{"setting", nlohmann::json(setting).dump()},
                       {"step", deltanet::metadata_text(model->steps())},
                       {"random", deltanet::metadata_text(random)},
                       {"seconds", deltanet::metadata_text(seconds)},
                       {"curve", nlohmann::json(curve).dump()}});
  }

  /// Goes on from the checkpoint in the folder, where there is one of this setting.
  void load(const fs::path& folder) {
    using deltanet::metadata_value;
    const fs::path path = checkpoint_path(folder, setting);
    if (!fs::exists(path)) return;
    const deltanet::SafetensorsFile file(path);
    const RunSetting saved = nlohmann::json::parse(metadata_value<std::string>(file, "setting"));
    if (nlohmann::json(saved) != nlohmann::json(setting)) return;
    std::vector<deltanet::TargetTensor> tensors;
    for (const TrainedTensor& tensor : model->trained_tensors()) tensors.push_back({tensor.name, tensor.span});
    load_tensors(file, tensors);
    model->steps() = metadata_value<Index>(file, "step");
    random = metadata_value<deltanet::Random>(file, "random");
    seconds = metadata_value<double>(file, "seconds");
    curve = nlohmann::json::parse(metadata_value<std::string>(file, "curve"));
  }
};

/// Trains to the end; false if it was stopped.
bool train(Training& training, const fs::path& folder, const RunObserver& observer) {
  const Index steps = training.setting.steps, &step = training.model->steps();
  const Index points_every = std::max<Index>(1, steps / curve_points);
  const Stopwatch watch;
  const double seconds_before = training.seconds;
  double saved = 0, sum = 0;
  Index summed = 0;
  while (step < steps) {
    const double loss = training.step();
    training.seconds = seconds_before + watch.seconds();
    sum += loss, ++summed;
    if (step % points_every == 0 || step == steps) {
      const Task& task = training.task;
      const double score = test(task, task.generate, training.predict(), training.setting.length, curve_sequences).score;
      training.curve.push_back({step, sum / static_cast<double>(summed), score});
      sum = 0, summed = 0;
    }
    observer.tell({step, loss, training.curve.empty() ? 0 : training.curve.back().score,
                   training.seconds * static_cast<double>(steps - step) / static_cast<double>(step)});
    const bool stopped = observer.stopped();
    if (!stopped && watch.seconds() - saved < seconds_between_checkpoints) continue;
    training.save(folder);
    saved = watch.seconds();
    if (stopped) return false;
  }
  return true;
}

Predict predictions_of(const deltanet::RegressionOracle& oracle) {
  return [&oracle](const TokensOrNumbers& inputs) { return oracle.predict(std::get<Numbers>(inputs)); };
}

/// Tests what answers questions.
void look_at(const Predict& predict, const Task& task, RunResult& result) {
  result.tests = test_lengths(predict, task, result.setting);
  result.dial_tests = test_dial(predict, task, result.setting);
  result.errors = error_curves(predict, task, result.setting);
}

/// Tests what was trained, and looks into it.
void look_at(const Training& training, RunResult& result) {
  try {
    look_at(training.predict(), training.task, result);
    result.norms = state_norms(*training.model, training.task, training.setting);
    result.write = largest_write(*training.model, training.task, training.setting);
  } catch (const std::exception& error) {
    throw Diverged(error.what());
  }
}

}  // namespace

std::optional<RunResult> run(const Task& task, const RunSetting& setting, const fs::path& folder, const RunObserver& observer) {
  RunResult result;
  result.setting = setting;
  if (const auto* oracle = task.oracle(setting.model)) {
    look_at(predictions_of(*oracle), task, result);
    return result;
  }
  Training training(task, setting);
  training.load(folder);
  result.parameters = training.model->parameters();
  result.state_numbers = state_numbers(*training.model, setting.sizes, setting.length);
  try {
    if (!train(training, folder, observer)) return {};
    look_at(training, result);
  } catch (const Diverged& error) {
    result.failure = deltanet::detail::concat("step ", training.model->steps(), ": ", error.what());
  }
  result.seconds = training.seconds;
  result.curve = training.curve;
  return result;
}

void remove_checkpoint(const fs::path& folder, const RunSetting& setting) {
  std::error_code error;
  fs::remove(checkpoint_path(folder, setting), error);
}

RunSpeed measure_speed(const Task& task, const RunSetting& setting) {
  const auto seconds = [](const auto& work) {
    const Stopwatch watch;
    work();
    return watch.seconds();
  };
  const auto tests = [&](const Predict& predict) {
    const double dial = static_cast<double>(task.dial.settings.size()) / 8;
    double sum = 0;
    for (const Index length : setting.test_lengths)
      sum += (1 + dial) * static_cast<double>(setting.test_sequences) *
             seconds([&] { test(task, task.generate, predict, length, 1); });
    return sum;
  };
  if (const auto* oracle = task.oracle(setting.model)) return {.tests = tests(predictions_of(*oracle))};
  Training training(task, setting);
  training.step();  // the first one touches the memory
  RunSpeed speed;
  speed.step = seconds([&] { training.step(), training.step(); }) / 2;
  const double points = static_cast<double>(curve_points * curve_sequences) / static_cast<double>(setting.batch);
  speed.tests = tests(training.predict()) + points * speed.step / 3;  // reading costs a third of learning
  return speed;
}

}  // namespace compare
