// Does a memory that learns as it reads stay bounded while the model around it is trained? Trains language models whose
// mixer is Titans' neural memory, one to four layers deep, with a learnt step size and with one held at its bound, and draws
// how far the memories' weights move within a sequence. The same command goes on where it was stopped.
// `memory_stability --help` lists the flags.

#include <atomic>
#include <cstdio>
#include <iostream>
#include <mutex>
#include <thread>

#include "memory_stability/run.hpp"
#include "support/clock_text.hpp"
#include "support/compressors.hpp"
#include "support/interrupt.hpp"

namespace {

using namespace memory_stability;

struct Flags {
  Setting setting{
      .recipe = {.data = {}, .hidden_size = 64, .num_layers = 2, .head_dim = 32, .intermediate_size = 128, .seq_len = 256},
      .steps = 2000,
      .theta_max = {},
      .depth = 0,
      .at_bound = false,
      .folder = "runs/memory_stability"};
  std::vector<Index> depths{1, 2, 3, 4};
};

Flags parse_flags(int argc, char** argv) {
  Flags flags;
  Setting& setting = flags.setting;
  CLI::App app{"Trains models with Titans' neural memory, one to four layers deep, and draws how far its weights move."};
  app.option_defaults()->always_capture_default();
  const auto positive = [&](const char* flag, auto& value, const char* meaning) {
    return app.add_option(flag, value, meaning)->check(CLI::PositiveNumber);
  };
  app.add_option("--data", setting.recipe.data, "Text to learn; without any, needles in repeated sentences")
      ->check(CLI::ExistingFile);
  positive("--steps", setting.steps, "Of training, each run's");
  positive("--depths", flags.depths, "Layers of the memories, a pair of runs each")->delimiter(',');
  positive("--theta-max", setting.theta_max, "Bound of theta; the layer's own where absent");
  positive("--seq-len", setting.recipe.seq_len, "Bytes of a sequence");
  positive("--batch", setting.recipe.batch, "Sequences of a step");
  positive("--hidden-size", setting.recipe.hidden_size, "Width of the model, a multiple of 32");
  positive("--num-layers", setting.recipe.num_layers, "Layers of the model");
  app.add_option("--out", setting.folder, "Folder of the tables, the picture and what is needed to go on");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error) == 0 ? 0 : 2);
  }
  if (setting.recipe.hidden_size % setting.recipe.head_dim != 0)
    throw example::UsageError(deltanet::detail::concat("--hidden-size: expected a multiple of ", setting.recipe.head_dim,
                                                       ", got ", setting.recipe.hidden_size));
  return flags;
}

/// Draws the tables. Returns where the picture is, or why there is none.
std::string draw_picture(const std::vector<Setting>& runs) {
  const std::string picture = (runs.front().folder / "norms.svg").string();
  std::ostringstream script;
  script << "set terminal svg size 1000,720 background 'white'\nset output '" << picture
         << "'\nset multiplot layout 2,1\nset key outside right\nset grid\nset xlabel 'step'\nset logscale y\n";
  for (const auto& [column, label] : {std::pair{4, "|W - W_0| / |W_0|"}, {3, "norm of the gradient"}}) {
    script << "set ylabel '" << label << "'\nplot";
    const char* comma = " ";
    for (const Setting& run : runs) {
      script << comma << "'" << run.table().string() << "' skip 1 using 1:" << column << " with lines dashtype "
             << (run.at_bound ? 2 : 1) << " linecolor " << run.depth << " title '" << run.name() << "'";
      comma = ", ";
    }
    script << '\n';
  }
  return example::feed("gnuplot", script.str()) ? picture : "not drawn: gnuplot was not found, or no run has a line yet";
}

/// All runs, one a processor. Returns how each ended.
std::vector<std::string> train_all(const std::vector<Setting>& runs, const example::Corpus* corpus) {
  deltanet::set_num_threads(1);
  const example::InterruptGuard guard;
  std::vector<std::string> ends(runs.size());
  std::mutex lock;
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> failed = false;
  std::exception_ptr failure;
  const auto stopped = [&] { return guard.interrupted() || failed; };
  const auto work = [&] {
    for (std::size_t i = next++; i < runs.size(); i = next++) {
      if (stopped()) {
        ends[i] = "not begun; the same command goes on";
        continue;
      }
      const Setting& run = runs[i];
      const auto tell = [&](const Norms& norms, double seconds_left) {
        if (norms.step % 200 > 0) return;
        const std::lock_guard hold(lock);
        std::printf("%-28s step %5ld of %ld  loss %.3f  gradient %9.3g  |W - W_0| / |W_0| %.3f  left %s\n", run.name().c_str(),
                    static_cast<long>(norms.step), static_cast<long>(run.steps), norms.loss, norms.gradient, norms.departure,
                    example::clock_text(seconds_left).c_str());
        std::fflush(stdout);
      };
      try {
        ends[i] = train(run, corpus, tell, stopped);
      } catch (...) {  // a full disk, a checkpoint of other settings: the other runs save what they have and stop
        const std::lock_guard hold(lock);
        failed = true;
        failure = std::current_exception();
        return;
      }
    }
  };
  std::vector<std::thread> workers;
  for (std::size_t i = 0; i < std::min<std::size_t>(runs.size(), std::max(1u, std::thread::hardware_concurrency())); ++i)
    workers.emplace_back(work);
  for (std::thread& worker : workers) worker.join();
  if (failure) std::rethrow_exception(failure);
  return ends;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const Flags flags = parse_flags(argc, argv);
    std::filesystem::create_directories(flags.setting.folder);
    std::optional<example::Corpus> corpus;
    if (!flags.setting.recipe.data.empty()) corpus = read_corpus(flags.setting.recipe);
    std::vector<Setting> runs;
    for (const Index depth : flags.depths)
      for (const bool at_bound : {false, true}) {
        runs.push_back(flags.setting);
        runs.back().depth = depth, runs.back().at_bound = at_bound;
      }
    const std::vector<std::string> ends = train_all(runs, corpus ? &*corpus : nullptr);
    for (std::size_t i = 0; i < runs.size(); ++i) std::printf("%-28s %s\n", runs[i].name().c_str(), ends[i].c_str());
    std::printf("norms  %s\n", draw_picture(runs).c_str());
    return 0;
  } catch (const example::UsageError& error) {
    std::cerr << "memory_stability: " << error.what() << '\n';
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "memory_stability: " << error.what() << '\n';
    return 1;
  }
}
