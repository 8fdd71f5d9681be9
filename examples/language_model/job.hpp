#pragma once

#include <cstdio>
#include <filesystem>

#include "support/checkpoint.hpp"
#include "support/interrupt.hpp"
#include "support/loss_curve.hpp"
#include "support/models.hpp"
#include "support/report.hpp"
#include "support/windows.hpp"

/// The main job, for any kind of model.
namespace example {

inline constexpr const char* checkpoint_name = "checkpoint.safetensors";

/// Seconds that are kept for what comes after training: reading the held-out text, at the speed of a first look at it, at most
/// a quarter of the time, and as much for learning it; the compressors; the sample; the curve.
template <class Model>
double seconds_after_training(const Training<Model>& training, const Corpus& corpus, const Options& options, double budget) {
  const auto all = [&](const HeldOut& look) {
    const double share = static_cast<double>(std::max<Index>(1, look.bytes)) / static_cast<double>(corpus.held_out_size());
    return std::min(1.15 * look.seconds / share, budget / 4);
  };
  const auto learn = [&](Index bytes) {
    return learn_held_out(training.model, training.trainer, corpus, options.recipe.seq_len, options.adapt_lr, budget, bytes);
  };
  (void)read_held_out(training.model, corpus, budget, 2048);  // the first call touches the memory
  double seconds = std::min(4.0, budget / 10) + all(read_held_out(training.model, corpus, budget, 8192));
  if (options.adapt_lr > 0) seconds += all(learn(8 * options.recipe.seq_len));
  return seconds;
}

template <class Model>
void print_sample(const Model& model, const Options& options, deltanet::Random& random) {
  if (options.sample_bytes == 0) return;
  std::printf("\nsample, continuing the prompt:\n%s", options.prompt.c_str());
  const std::vector<std::int32_t> prompt = bytes_of(options.prompt);
  generate(model, prompt, options.sample_bytes, options.sampling, random, [](std::int32_t byte) {
    std::putchar(byte);
    std::fflush(stdout);
  });
  std::printf("\n");
}

/// The flags that continue: the same time again, or twice the steps once all are taken.
inline std::string continuation(const Options& options, Index step) {
  if (const auto seconds = options.seconds()) return deltanet::detail::concat(" --time-budget ", *seconds, "s");
  return deltanet::detail::concat(" --steps ", step < options.steps ? options.steps : 2 * step);
}

template <class Model>
void describe(const Model& model, const Options& options, const Corpus& corpus, Index step) {
  const Recipe& recipe = options.recipe;
  std::printf("text      %.2f MB of %ld files, the last %.0f kB held out\n", static_cast<double>(corpus.text.size()) / 1e6,
              static_cast<long>(corpus.files), static_cast<double>(corpus.held_out_size()) / 1e3);
  std::printf("model     %s, %ld layers of width %ld, %.2f million parameters\n", recipe.model.c_str(),
              static_cast<long>(recipe.num_layers), static_cast<long>(recipe.hidden_size),
              static_cast<double>(count_parameters(model.params)) / 1e6);
  std::printf("training  %ld windows of %ld bytes a step, %d threads", static_cast<long>(recipe.batch),
              static_cast<long>(recipe.seq_len), deltanet::num_threads());
  if (step > 0) std::printf(", continued after step %ld", static_cast<long>(step));
  std::printf("\n");
  std::fflush(stdout);
}

/// Trains until the plan is done or Ctrl-C is pressed; false for the latter. Saves once a minute and at the end.
template <class Model>
bool train(Training<Model>& training, const Plan& plan, const Corpus& corpus, const Recipe& recipe,
           const std::filesystem::path& folder) {
  const Index& step = training.trainer.optimiser.state.steps;
  const Index first_step = step;
  LossCurve curve(folder, step);
  const auto save = [&] {
    training.seconds = plan.trained();
    training.save(folder / checkpoint_name, recipe, corpus.fingerprint());
    curve.write();
  };
  const InterruptGuard guard;
  Progress progress;
  Stopwatch since_save;
  while (plan.done(static_cast<double>(step)) < 1 && !guard.interrupted()) {
    const double middle = plan.done(static_cast<double>(step) + 0.5);
    const double bits = training.step(draw_windows(corpus, recipe, training.random), middle);
    curve.count(step, bits);
    progress.count(step, bits, recipe.batch * recipe.seq_len, plan.seconds_left(step, first_step));
    if (since_save.seconds() < 60) continue;
    save();
    since_save = {};
  }
  progress.finish(step);
  save();
  return !guard.interrupted();
}

/// The whole job for one kind of model.
template <class Mixer>
void train_and_report(const Options& options, const Corpus& corpus, const std::string& program) {
  using Model = deltanet::LanguageModel<Mixer>;
  const Stopwatch watch;
  const Recipe& recipe = options.recipe;
  const std::filesystem::path folder = options.out;
  deltanet::Random random(recipe.seed);
  Model model = make_model<Mixer>(recipe);
  model.initialize(random);
  deltanet::Trainer<Model> trainer(model.params, {.adamw = {.beta2 = 0.95, .weight_decay = recipe.weight_decay},
                                                  .schedule = {.peak = recipe.lr, .warmup = recipe.warmup}});
  Training<Model> training{model, trainer, random};
  if (!options.resume.empty()) training.load(options.resume, corpus.fingerprint());
  const Index& step = trainer.optimiser.state.steps;
  describe(model, options, corpus, step);

  Plan plan{.steps = options.steps, .seconds_before = training.seconds};
  const std::optional<double> budget = options.seconds();
  if (budget)
    plan.seconds = std::max(0.0, *budget - watch.seconds() - seconds_after_training(training, corpus, options, *budget));
  std::optional<double> held_out;
  if (train(training, plan, corpus, recipe, folder)) {
    const double left = budget ? std::max(1.0, *budget - watch.seconds() - 2) : std::numeric_limits<double>::infinity();
    const HeldOut result = report_held_out(training, corpus, options, left);
    print_sample(model, options, random);
    if (result.bytes > 0) held_out = result.bits;
  } else {
    std::printf("\nstopped at step %ld\n", static_cast<long>(step));
  }
  std::printf("\nloss curve  %s\n", LossCurve(folder, step).draw(held_out).c_str());
  std::printf("checkpoint  %s\n", (folder / checkpoint_name).c_str());
  std::printf("continue    %s --resume %s%s\n", program.c_str(), (folder / checkpoint_name).c_str(),
              continuation(options, step).c_str());
}

}  // namespace example
