// Continues a prompt with a model of Hugging Face's: a folder with config.json, model.safetensors and, where the prompt is
// text, tokenizer.json; without one, text is bytes. `generate --help` lists the flags.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <optional>

#include "deltanet/io/byte_level_bpe.hpp"
#include "deltanet/io/huggingface_model.hpp"
#include "deltanet/models/generate.hpp"

namespace fs = std::filesystem;
using deltanet::Index;

namespace {

struct Options {
  std::string model;
  std::vector<std::int32_t> ids;
  std::string prompt;
  Index max_new_tokens = 100;
  deltanet::SamplingConfig sampling{.temperature = 0};
  std::uint64_t seed = 1;
  int threads = 0;
  deltanet::Precision dtype = deltanet::Precision::full;
};

/// Flags; ends the program after --help.
Options parse_options(int argc, char** argv) {
  Options options;
  CLI::App app("Continues a prompt with a model read from a folder of Hugging Face's layout.");
  app.option_defaults()->always_capture_default();
  app.add_option("--model", options.model, "Folder with config.json and model.safetensors")->required();
  auto* ids = app.add_option("--ids", options.ids, "The prompt as tokens, 1,2,3; tokens are printed too")->delimiter(',');
  auto* prompt = app.add_option("--prompt", options.prompt, "The prompt as text: by the folder's tokenizer.json, or as bytes");
  ids->excludes(prompt);
  app.add_option("--max-new-tokens", options.max_new_tokens)->check(CLI::NonNegativeNumber);
  app.add_option("--temperature", options.sampling.temperature, "0: always the likeliest token")->check(CLI::NonNegativeNumber);
  app.add_option("--top-k", options.sampling.top_k, "Draw from so many of the likeliest tokens; 0: from all")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--seed", options.seed, "Of what is drawn");
  app.add_option("--threads", options.threads, "0: one a processor")->check(CLI::NonNegativeNumber);
  const std::map<std::string, deltanet::Precision> types{
      {"f32", deltanet::Precision::full}, {"bf16", deltanet::Precision::bfloat16}, {"f16", deltanet::Precision::float16}};
  std::string dtype = "f32";
  app.add_option("--dtype", dtype, "How weights are kept; sums are always in f32")
      ->check(CLI::IsMember({"f32", "bf16", "f16"}));
  try {
    app.parse(argc, argv);
    options.dtype = types.at(dtype);
  } catch (const CLI::CallForHelp&) {
    std::cout << app.help();
    std::exit(0);
  }
  if (!*ids && !*prompt) throw std::invalid_argument("expected --ids or --prompt");
  return options;
}

/// Text as tokens and back, or tokens as they are.
class Text {
 public:
  Text(const fs::path& folder, const Options& options) : as_ids_(!options.ids.empty()) {
    if (!as_ids_ && fs::exists(folder / "tokenizer.json")) tokenizer_.emplace(folder / "tokenizer.json");
  }

  [[nodiscard]] std::vector<std::int32_t> prompt(const Options& options) const {
    if (as_ids_) return options.ids;
    if (tokenizer_) return tokenizer_->encode(options.prompt);
    std::vector<std::int32_t> bytes;
    for (const char byte : options.prompt) bytes.push_back(static_cast<unsigned char>(byte));
    return bytes;
  }

  void print(std::int32_t token) {
    if (as_ids_)
      std::printf("%s%d", first_ ? "" : " ", token);
    else if (tokenizer_)
      std::fwrite(tokenizer_->bytes(token).data(), 1, tokenizer_->bytes(token).size(), stdout);
    else
      std::putchar(token);
    std::fflush(stdout);
    first_ = false;
  }

 private:
  bool as_ids_, first_ = true;
  std::optional<deltanet::ByteLevelBpe> tokenizer_;
};

using Clock = std::chrono::steady_clock;

double per_second(Index count, Clock::duration time) {
  return static_cast<double>(count) / std::chrono::duration<double>(time).count();
}

void run(const Options& options) {
  const fs::path folder = options.model;
  auto model = deltanet::load_huggingface_model<float>(folder);
  keep_weights_in(options.dtype, model);
  const auto ends = deltanet::huggingface_decoder(deltanet::ConfigFile(folder / "config.json")).end_tokens;
  Text text(folder, options);
  const std::vector<std::int32_t> prompt = text.prompt(options);
  deltanet::Random random(options.seed);
  const auto start = Clock::now();
  auto first = start, last = start;
  Index count = 0;
  deltanet::generate(model, prompt, options.max_new_tokens, options.sampling, random, [&](std::int32_t token) {
    last = Clock::now();
    if (count++ == 0) first = last;
    if (std::ranges::count(ends, token) > 0) return false;
    text.print(token);
    return true;
  });
  std::printf("\n");
  if (count > 0) std::fprintf(stderr, "prompt  %.0f tokens/s\n", per_second(static_cast<Index>(prompt.size()), first - start));
  if (count > 1) std::fprintf(stderr, "text    %.1f tokens/s\n", per_second(count - 1, last - first));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const Options options = parse_options(argc, argv);
    if (options.threads > 0) deltanet::set_num_threads(options.threads);
    run(options);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "generate: " << error.what() << '\n';
    return 2;
  }
}
