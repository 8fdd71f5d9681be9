#pragma once

#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "compare/sizes.hpp"
#include "deltanet/core/parameters.hpp"
#include "deltanet/tasks/regression.hpp"
#include "deltanet/tasks/task.hpp"

/// Sequence models of any kind behind one interface, so that a program over all of them is compiled once, and each kind apart.
namespace compare {

using Tokens = deltanet::Tensor<std::int32_t, 2>;  // [B, T]
using Numbers = deltanet::Tensor<double, 3>;       // [B, T, D]

/// What a model reads, and what it answers.
using TokensOrNumbers = std::variant<Tokens, Numbers>;

/// Sequences, and what is asked of their reader.
using Batch = std::variant<deltanet::TaskBatch, deltanet::RegressionBatch>;

/// A tensor of a model's state after some tokens: what it remembers.
struct Memory {
  std::string name;
  std::vector<Index> shape;
  std::vector<float> entries;
  Index columns = 0;  // of the matrix with a row a key channel that the entries begin with: a linear memory, or the first layer
                      // of a deep one; 0 where there is none
  bool deep = false;  // the weights of a network
};

/// A tensor that training changes.
struct TrainedTensor {
  std::string name;
  deltanet::TensorSpan<float> span;
};

/// A model of tokens or of numbers with its optimiser. One of the other kind is refused by std::get.
class SequenceModel {
 public:
  SequenceModel() = default;
  SequenceModel(const SequenceModel&) = delete;
  SequenceModel& operator=(const SequenceModel&) = delete;
  virtual ~SequenceModel() = default;

  [[nodiscard]] virtual Index parameters() const = 0;

  /// One step of training when `done`, a share of the run, is behind us. Returns the mean loss before it: nats, or the mean
  /// squared error.
  virtual double train(const Batch& batch, double done) = 0;

  /// At each position the likeliest token, [B, T]; or the predicted numbers, [B, T, D'].
  [[nodiscard]] virtual TokensOrNumbers predict(const TokensOrNumbers& inputs) const = 0;

  /// Reads one sequence, [1, T], `piece` positions at a time, and calls look(positions read, memories) after each.
  using Look = std::function<void(Index read, const std::vector<Memory>& memories)>;
  virtual void read(const TokensOrNumbers& sequence, Index piece, const Look& look) const = 0;

  /// All that has to be saved, with the number of steps, to continue training to the last bit.
  virtual std::vector<TrainedTensor> trained_tensors() = 0;
  virtual Index& steps() = 0;
};

/// A kind of model that can be compared.
struct ModelKind {
  std::string name;   // "delta_net"
  std::string title;  // "DeltaNet"
  std::string rule;   // what its memory does, in a few words
  /// A model of tokens or of numbers, as the sizes say.
  std::function<std::unique_ptr<SequenceModel>(const ModelSizes&, const TrainingSettings&, std::uint64_t seed)> make;
};

}  // namespace compare
