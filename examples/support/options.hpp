#pragma once

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "deltanet/models/generate.hpp"
#include "support/time_units.hpp"
#include "support/usage_error.hpp"

/// The flags of the main job.
namespace example {

using deltanet::Index;

/// What is trained on what, and how: everything that a checkpoint has to remember.
struct Recipe {
  std::vector<std::string> data;  // files; none means the Eigen headers
  double held_out = 0.05;         // share of the text, its tail
  std::string model = "gated_delta_net";
  Index hidden_size = 96;
  Index num_layers = 3;
  Index num_heads = 2;
  Index head_dim = 48;
  double expand_v = 1;
  Index intermediate_size = 192;
  Index memory_depth = 2;
  Index memory_expansion = 1;
  Index mini_batch = 16;
  Index segment_size = 32;
  Index window_size = 32;
  Index num_persistent_tokens = 4;
  Index batch = 8;
  Index seq_len = 128;
  double lr = 3e-3;
  double warmup = 0.03;
  double weight_decay = 0.1;
  std::uint64_t seed = 1;

  NLOHMANN_DEFINE_TYPE_INTRUSIVE_WITH_DEFAULT(Recipe, data, held_out, model, hidden_size, num_layers, num_heads, head_dim,
                                              expand_v, intermediate_size, memory_depth, memory_expansion, mini_batch,
                                              segment_size, window_size, num_persistent_tokens, batch, seq_len, lr, warmup,
                                              weight_decay, seed)
};

struct Options {
  Recipe recipe;
  Index steps = 0;                    // of training in all, 0 for as many as the time allows
  std::optional<double> time_budget;  // seconds for the whole program
  int threads = 0;                    // 0 for all
  double adapt_lr = 3e-4;             // at which the held-out text is learnt while it is read, 0 for weights that stay
  std::string out = "runs/language_model";
  std::string resume;
  std::string prompt = "\ntemplate<typename ";
  Index sample_bytes = 600;
  deltanet::SamplingConfig sampling{.temperature = 0.7};

  /// Seconds for the whole program, where time is limited: by default 3 minutes, unless steps are given.
  [[nodiscard]] std::optional<double> seconds() const {
    return time_budget || steps > 0 ? time_budget : std::optional<double>(180);
  }
};

/// Flags over `options`, which holds the defaults; --model takes one of `models`. Ends the program after --help; throws
/// UsageError.
inline Options parse_options(int argc, char** argv, const std::vector<std::string>& models, Options options) {
  CLI::App app("Trains a byte-level language model and compares its held-out bits per byte with gzip's and xz's.");
  app.option_defaults()->always_capture_default();
  Recipe& recipe = options.recipe;
  auto* resume = app.add_option("--resume", options.resume, "Continue from this checkpoint")->check(CLI::ExistingFile);
  const auto fixed = [&](auto* option) { option->excludes(resume)->group("What is trained (kept in the checkpoint)"); };
  fixed(app.add_option("--data", recipe.data, "Files to learn; without any, the Eigen headers")->check(CLI::ExistingFile));
  fixed(app.add_option("--held-out", recipe.held_out, "Share of the text, its tail, that is not trained on")
            ->check(CLI::Range(0.0, 0.9)));
  fixed(app.add_option("--model", recipe.model, "The mixer of each layer")->check(CLI::IsMember(models)));
  fixed(app.add_option("--hidden-size", recipe.hidden_size, "Width of the model")->check(CLI::PositiveNumber));
  fixed(app.add_option("--num-layers", recipe.num_layers)->check(CLI::PositiveNumber));
  fixed(app.add_option("--num-heads", recipe.num_heads)->check(CLI::PositiveNumber));
  fixed(app.add_option("--head-dim", recipe.head_dim, "Width of one key")->check(CLI::PositiveNumber));
  fixed(app.add_option("--expand-v", recipe.expand_v, "Width of one value by that of a key")->check(CLI::PositiveNumber));
  fixed(app.add_option("--intermediate-size", recipe.intermediate_size, "Width of the SwiGLU")->check(CLI::PositiveNumber));
  const auto titans = [&](const char* flag, Index& size, const char* meaning) {
    fixed(app.add_option(flag, size, meaning)->check(CLI::PositiveNumber));
  };
  titans("--memory-depth", recipe.memory_depth, "Layers of a memory's network (lmm, mac, mag, mal)");
  titans("--memory-expansion", recipe.memory_expansion, "Width between them by that of a key (and ttt_mlp)");
  titans("--mini-batch", recipe.mini_batch,
         "Bytes whose gradients a memory takes at the same weights (and ttt_linear, ttt_mlp)");
  titans("--segment-size", recipe.segment_size, "Bytes that attention sees at most (mac)");
  titans("--window-size", recipe.window_size, "Bytes that attention sees (mag, mal)");
  fixed(app.add_option("--persistent-tokens", recipe.num_persistent_tokens, "Learnt tokens that all bytes see (mac, mag, mal)")
            ->check(CLI::NonNegativeNumber));
  fixed(app.add_option("--batch", recipe.batch, "Windows of text in one step")->check(CLI::PositiveNumber));
  fixed(app.add_option("--seq-len", recipe.seq_len, "Bytes of each window")->check(CLI::PositiveNumber));
  fixed(app.add_option("--seed", recipe.seed, "Of the initial parameters and the sample"));
  app.add_option("--lr", recipe.lr, "Peak learning rate")->check(CLI::PositiveNumber);
  app.add_option("--warmup", recipe.warmup, "Share of the run with a rising learning rate")->check(CLI::Range(0.0, 1.0));
  app.add_option("--weight-decay", recipe.weight_decay)->check(CLI::NonNegativeNumber);
  app.add_option("--steps", options.steps, "Steps of training in all, those before a checkpoint included; 0: until time is up")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--time-budget", options.time_budget,
                 "Time for all this program does, such as 90s or 30m; 180s unless --steps is given")
      ->transform(time_units())
      ->check(CLI::PositiveNumber);
  app.add_option("--threads", options.threads, "0: one a processor")->check(CLI::NonNegativeNumber);
  app.add_option("--adapt-lr", options.adapt_lr,
                 "Read the held-out text a second time, learning from each window, at this rate, once it was charged for, as "
                 "gzip and xz do; 0: do not")
      ->check(CLI::NonNegativeNumber);
  auto* out = app.add_option("--out", options.out, "Folder of the checkpoint and the loss curve");
  app.add_option("--prompt", options.prompt, "What the sample continues")->group("Sampling");
  app.add_option("--sample-bytes", options.sample_bytes)->check(CLI::NonNegativeNumber)->group("Sampling");
  app.add_option("--temperature", options.sampling.temperature, "0: always the likeliest byte")
      ->check(CLI::NonNegativeNumber)
      ->group("Sampling");
  app.add_option("--top-k", options.sampling.top_k, "Draw from so many of the likeliest bytes; 0: from all")
      ->check(CLI::NonNegativeNumber)
      ->group("Sampling");
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::cout << app.help();
    std::exit(0);
  } catch (const CLI::ParseError& error) {
    throw UsageError(error.what());
  }
  if (*resume && !*out) options.out = std::filesystem::path(options.resume).parent_path().string();
  if (options.out.empty()) options.out = ".";
  if (options.prompt.empty()) throw UsageError("--prompt: expected at least one byte");
  return options;
}

}  // namespace example
