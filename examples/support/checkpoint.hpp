#pragma once

#include "deltanet/io/checkpoint.hpp"
#include "deltanet/training/trainer.hpp"
#include "support/options.hpp"

namespace example {

/// The recipe that a checkpoint was trained by. Throws UsageError if the file is no checkpoint of this program.
inline Recipe recipe_of(const std::filesystem::path& path) {
  try {
    const deltanet::SafetensorsFile file(path);
    return nlohmann::json::parse(deltanet::metadata_value<std::string>(file, "recipe"));
  } catch (const nlohmann::json::exception&) {
    throw UsageError(path.string() + ": metadata recipe: expected that of a language model");
  } catch (const std::runtime_error& error) {
    throw UsageError(error.what());
  }
}

/// All that training changes: saved and loaded, it goes on as if it had never stopped, to the last bit.
template <class Model>
struct Training {
  Model& model;
  deltanet::Trainer<Model>& trainer;
  deltanet::Random& random;  // draws the windows: where it is, the data is
  double seconds = 0;        // of training

  /// One step at the given share of the run; returns the loss before it in bits a token.
  double step(const deltanet::Batch& batch, double done) { return trainer.step(model, batch, done).loss.bits(); }

  void save(const std::filesystem::path& path, const Recipe& recipe, std::uint64_t fingerprint) const {
    std::vector<deltanet::SourceTensor> tensors;
    append(tensors, "", std::as_const(model.params));
    append(tensors, "optimiser", std::as_const(trainer.optimiser.state));
    write_safetensors(path, tensors,
                      {{"recipe", nlohmann::json(recipe).dump()},
                       {"step", deltanet::metadata_text(trainer.optimiser.state.steps)},
                       {"random", deltanet::metadata_text(random)},
                       {"seconds", deltanet::metadata_text(seconds)},
                       {"fingerprint", deltanet::metadata_text(fingerprint)}});
  }

  /// Throws UsageError if the file is not a checkpoint of this model, or of a training on another text.
  void load(const std::filesystem::path& path, std::uint64_t fingerprint) {
    try {
      read(deltanet::SafetensorsFile(path), fingerprint);
    } catch (const std::runtime_error& error) {
      throw UsageError(error.what());
    }
  }

 private:
  void read(const deltanet::SafetensorsFile& file, std::uint64_t fingerprint) {
    using deltanet::metadata_value;
    if (metadata_value<std::uint64_t>(file, "fingerprint") != fingerprint)
      throw std::runtime_error(file.path().string() + ": was trained on another text than the files hold now");
    std::vector<deltanet::TargetTensor> tensors;
    append(tensors, "", model.params);
    append(tensors, "optimiser", trainer.optimiser.state);
    load_tensors(file, tensors);
    trainer.optimiser.state.steps = metadata_value<Index>(file, "step");
    random = metadata_value<deltanet::Random>(file, "random");
    seconds = metadata_value<double>(file, "seconds");
  }
};

}  // namespace example
