// Does a memory that learns as it reads stay bounded while the model around it is trained? Trains language models whose
// mixer is Titans' neural memory, one to four layers deep, with a learnt step size and with one held at its bound, and draws
// how far the memories' weights move within a sequence. `memory_stability --help` lists the flags.

#include <CLI/CLI.hpp>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <mutex>
#include <sstream>
#include <thread>

#include "deltanet/layers/neural_memory.hpp"
#include "deltanet/models/language_model.hpp"
#include "deltanet/tasks/registry.hpp"
#include "deltanet/training/trainer.hpp"
#include "support/compressors.hpp"
#include "support/windows.hpp"

namespace fs = std::filesystem;
using deltanet::Index;
using Model = deltanet::LanguageModel<deltanet::NeuralMemory<float>>;

namespace {

struct Flags {
  std::string out = "runs/memory_stability";
  Index steps = 2000;
  std::vector<Index> depths{1, 2, 3, 4};
  std::optional<double> theta_max{};
  example::Recipe recipe{
      .data = {}, .held_out = 0, .hidden_size = 64, .num_layers = 2, .head_dim = 32, .intermediate_size = 128, .seq_len = 256};
};

struct Run {
  Index depth;
  bool at_bound;
  std::ostringstream table{};  // a line for 20 steps
  std::string end{};           // how it ended

  [[nodiscard]] std::string name() const {
    return "depth " + std::to_string(depth) + (at_bound ? ", theta at its bound" : ", theta learnt");
  }
};

Model make_model(const Flags& flags, const Run& run, deltanet::Random& random) {
  const example::Recipe& recipe = flags.recipe;
  Model::Config config{.num_hidden_layers = recipe.num_layers};
  config.block.attn = {.hidden_size = recipe.hidden_size,
                       .head_dim = recipe.head_dim,
                       .num_heads = recipe.hidden_size / recipe.head_dim,
                       .memory_depth = run.depth,
                       .theta_max = flags.theta_max};
  config.block.mlp = {.hidden_size = recipe.hidden_size, .intermediate_size = 2 * recipe.hidden_size};
  Model model(config);
  model.initialize(random);
  if (run.at_bound)
    for (auto& block : model.params.model.layers) {
      block.params.attn.params.theta_proj.weight.setZero();
      block.params.attn.params.theta_proj.bias->setConstant(15);  // a sigmoid of 1 - 3e-7, whose slope is as small
    }
  return model;
}

/// Windows of a text; or, without one, needles in repeated sentences.
deltanet::Batch draw(const Flags& flags, const example::Corpus* corpus, deltanet::Random& random) {
  if (corpus) return draw_windows(*corpus, flags.recipe, random);
  deltanet::TaskBatch needles = deltanet::find_task("pass_key").generate(random, flags.recipe.batch, flags.recipe.seq_len);
  return {std::move(needles.tokens), std::move(needles.targets)};
}

/// The largest of all memories after a batch: |W - W_0| / |W_0|, and |Z| / |W_0|.
std::pair<double, double> largest_norms(const Model& model, const deltanet::Batch& batch) {
  auto state = model.initial_state(batch.tokens.dimension(0));
  (void)model.forward(batch.tokens, &state);
  double departure = 0, momentum = 0;
  for (std::size_t l = 0; l < state.layers.size(); ++l) {
    const auto& initial = model.params.model.layers[l].params.attn.params.memory.weights;  // [H, P]
    const auto& memory = state.layers[l].memory;
    for (Index row = 0; row < memory.weights.dimension(0) * initial.rows(); ++row) {
      const auto W_0 = initial.row(row % initial.rows()).transpose();
      const deltanet::VectorMap<const float> W(memory.weights.data() + row * W_0.size(), W_0.size());
      const deltanet::VectorMap<const float> Z(memory.momentum.data() + row * W_0.size(), W_0.size());
      departure = std::max(departure, static_cast<double>((W - W_0).norm() / W_0.norm()));
      momentum = std::max(momentum, static_cast<double>(Z.norm() / W_0.norm()));
    }
  }
  return {departure, momentum};
}

std::string path_in(const Flags& flags, const char* name) { return (fs::path(flags.out) / name).string(); }

/// FOLDER/norms.tsv: a block of lines for each run.
void write_table(const Flags& flags, const std::vector<Run>& runs) {
  std::ofstream file(path_in(flags, "norms.tsv"));
  for (const Run& run : runs)
    file << "# " << run.name() << "\nstep loss gradient departure momentum\n" << run.table.str() << "\n\n";
  if (!file.flush()) throw std::runtime_error(path_in(flags, "norms.tsv") + ": cannot be written");
}

/// Draws the table. Returns where the picture is, or why there is none.
std::string draw_picture(const Flags& flags, const std::vector<Run>& runs) {
  const std::string table = path_in(flags, "norms.tsv"), picture = path_in(flags, "norms.svg");
  std::ostringstream script;
  script << "set terminal svg size 1000,720 background 'white'\nset output '" << picture
         << "'\nset multiplot layout 2,1\nset key outside right\nset grid\nset xlabel 'step'\nset logscale y\n";
  for (const auto& [column, label] : {std::pair{4, "|W - W_0| / |W_0|"}, {3, "norm of the gradient"}}) {
    script << "set ylabel '" << label << "'\nplot";
    for (std::size_t i = 0; i < runs.size(); ++i)
      script << (i > 0 ? ", '" : " '") << table << "' index " << i << " every ::1 using 1:" << column << " with lines dashtype "
             << (runs[i].at_bound ? 2 : 1) << " linecolor " << runs[i].depth << " title '" << runs[i].name() << "'";
    script << '\n';
  }
  return example::feed("gnuplot", script.str()) ? picture : "not drawn: gnuplot was not found";
}

/// Trains one model and fills the table of its run, one of `runs`; `lock` guards what runs share.
void train(const Flags& flags, const example::Corpus* corpus, const std::vector<Run>& runs, Run& run, std::mutex& lock) {
  deltanet::Random random(1);
  Model model = make_model(flags, run, random);
  deltanet::Trainer<Model> trainer(model.params, {.adamw = {.beta2 = 0.95, .weight_decay = flags.recipe.weight_decay},
                                                  .schedule = {.peak = flags.recipe.lr}});
  double loss = 0;
  try {
    for (Index step = 1; step <= flags.steps; ++step) {
      const auto report =
          trainer.step(model, draw(flags, corpus, random), static_cast<double>(step - 1) / static_cast<double>(flags.steps));
      loss = step == 1 ? report.loss.loss : 0.95 * loss + 0.05 * report.loss.loss;
      if (step % 20 > 0) continue;
      const auto [departure, momentum] = largest_norms(model, draw(flags, corpus, random));
      const std::lock_guard guard(lock);
      run.table << step << ' ' << loss << ' ' << report.gradient_norm << ' ' << departure << ' ' << momentum << '\n';
      if (step % 200 > 0) continue;
      write_table(flags, runs);
      std::printf("%-28s step %5ld of %ld  loss %.3f  |W - W_0| / |W_0| %.3f\n", run.name().c_str(), static_cast<long>(step),
                  static_cast<long>(flags.steps), loss, departure);
      std::fflush(stdout);
    }
    run.end = "all steps, every number finite";
  } catch (const std::exception& error) {
    run.end = error.what();
  }
}

}  // namespace

int main(int argc, char** argv) {
  Flags flags;
  CLI::App app{"Trains models with Titans' neural memory, one to four layers deep, and draws how far its weights move."};
  app.add_option("--data", flags.recipe.data, "Text to learn; without any, needles in repeated sentences")
      ->check(CLI::ExistingFile);
  app.add_option("--steps", flags.steps)->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--depths", flags.depths, "Layers of the memories, a pair of runs each")
      ->delimiter(',')
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--theta-max", flags.theta_max, "Bound of theta; the layer's own where absent")->check(CLI::PositiveNumber);
  app.add_option("--seq-len", flags.recipe.seq_len, "Bytes of a sequence")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--batch", flags.recipe.batch, "Sequences of a step")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--hidden-size", flags.recipe.hidden_size, "A multiple of 32")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--num-layers", flags.recipe.num_layers)->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--out", flags.out, "Folder of the table and the picture")->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  try {
    fs::create_directories(flags.out);
    std::optional<example::Corpus> corpus;
    if (!flags.recipe.data.empty()) corpus = read_corpus(flags.recipe);
    deltanet::set_num_threads(1);  // one processor a run
    std::vector<Run> runs;
    for (const Index depth : flags.depths)
      for (const bool at_bound : {false, true}) runs.push_back({depth, at_bound});
    std::mutex lock;
    std::atomic<std::size_t> next = 0;
    std::vector<std::thread> workers(std::min<std::size_t>(runs.size(), std::max(1u, std::thread::hardware_concurrency())));
    for (std::thread& worker : workers)
      worker = std::thread([&] {
        for (std::size_t i = next++; i < runs.size(); i = next++)
          train(flags, corpus ? &*corpus : nullptr, runs, runs[i], lock);
      });
    for (std::thread& worker : workers) worker.join();
    for (const Run& run : runs) std::printf("%-28s %s\n", run.name().c_str(), run.end.c_str());
    write_table(flags, runs);
    std::printf("norms  %s\n", draw_picture(flags, runs).c_str());
    return 0;
  } catch (const example::UsageError& error) {
    std::cerr << "memory_stability: " << error.what() << '\n';
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "memory_stability: " << error.what() << '\n';
    return 1;
  }
}
