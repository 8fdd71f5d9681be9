#pragma once

#include <array>
#include <fstream>
#include <functional>
#include <sstream>

#include "deltanet/layers/neural_memory.hpp"
#include "deltanet/models/language_model.hpp"
#include "deltanet/tasks/registry.hpp"
#include "deltanet/training/trainer.hpp"
#include "support/checkpoint.hpp"
#include "support/stopwatch.hpp"
#include "support/windows.hpp"

namespace memory_stability {

using deltanet::Index;
using Model = deltanet::LanguageModel<deltanet::NeuralMemory<float>>;

/// One training: of what, and where its numbers go.
struct Setting {
  example::Recipe recipe;
  Index steps;
  std::optional<double> theta_max;  // the layer's own where absent
  Index depth;
  bool at_bound;  // theta is held at theta_max instead of learnt
  std::filesystem::path folder;

  [[nodiscard]] std::string name() const {
    return "depth " + std::to_string(depth) + (at_bound ? ", theta at its bound" : ", theta learnt");
  }

  /// Step, smoothed loss, norm of the gradient, |W - W_0| / |W_0| and |Z| / |W_0|: a line for 20 steps.
  [[nodiscard]] std::filesystem::path table() const { return folder / (file_name() + ".tsv"); }

  [[nodiscard]] std::filesystem::path checkpoint() const { return folder / (file_name() + ".safetensors"); }

 private:
  [[nodiscard]] std::string file_name() const { return "depth" + std::to_string(depth) + (at_bound ? "-bound" : "-learnt"); }
};

/// A line of the table.
struct Norms {
  Index step;
  double loss, gradient, departure, momentum;
};

/// Trains from the run's checkpoint on, where there is one, and saves one every minute and when `stopped` says so; `tell` hears
/// of each line of the table and the seconds that are left. Returns how it ended. Throws UsageError if the checkpoint is of
/// other settings.
std::string train(const Setting& setting, const example::Corpus* corpus, const std::function<void(const Norms&, double)>& tell,
                  const std::function<bool()>& stopped);

}  // namespace memory_stability
