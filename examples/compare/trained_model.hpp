#pragma once

#include <optional>

#include "compare/sequence_model.hpp"
#include "deltanet/layers/delta_state.hpp"
#include "deltanet/memory/memory_network.hpp"

namespace compare {

/// What models of tokens and of numbers have in common behind the interface of all. `Trainer` has an optimiser of the model's
/// parameters.
template <class Model, class Trainer>
class TrainedModel : public SequenceModel {
 public:
  TrainedModel(const typename Model::Config& config, const TrainingSettings& training, std::uint64_t seed)
      : model_(config),
        trainer_(model_.params, {.adamw = {.beta2 = 0.95, .weight_decay = training.weight_decay},
                                 .schedule = {.peak = training.lr, .warmup = training.warmup}}) {
    deltanet::Random random(seed);
    model_.initialize(random);
  }

  [[nodiscard]] Index parameters() const override { return deltanet::count_parameters(model_.params); }

  void read(const TokensOrNumbers& sequence, Index piece, const Look& look) const override {
    auto state = model_.initial_state(1);
    const Index length = std::visit([](const auto& content) { return content.dimension(1); }, sequence);
    for (Index t = 0; t < length; t += piece) {
      const Index end = std::min(length, t + piece);
      read_part(sequence, t, end, state);
      look(end, memories(state));
    }
  }

  std::vector<TrainedTensor> trained_tensors() override {
    std::vector<TrainedTensor> tensors;
    const auto add = [&](const char* owner, auto& list) {
      deltanet::for_each_tensor(
          [&](const auto& info, const auto& span) {
            tensors.push_back({owner + info.name, span});
          },
          list);
    };
    add("model.", model_.params);
    add("optimiser.", trainer_.optimiser.state);
    return tensors;
  }

  Index& steps() override { return trainer_.optimiser.state.steps; }

 protected:
  /// Reads positions [begin, end) of a sequence.
  virtual void read_part(const TokensOrNumbers& sequence, Index begin, Index end, typename Model::State& state) const = 0;

  Model model_;
  Trainer trainer_;

 private:
  /// What the layers remember; the few last tokens that short convolutions keep are not among it, nor are positions.
  [[nodiscard]] std::vector<Memory> memories(typename Model::State state) const {
    deltanet::settle(state);
    std::vector<Memory> list;
    const auto add = [&](const deltanet::TensorInfo& info, const auto& span) {
      for (const char* other : {"conv_state", "position", "open_"})
        if (info.name.find(other) != std::string::npos) return;
      Memory memory{info.name, span.shape, {span.data, span.data + span.size()}};
      if (info.name.ends_with("recurrent_state")) memory.columns = memory.shape.back();
      if (const auto network = deep_memory(model_.config.block.attn); network && info.name.ends_with("weights"))
        memory.columns = network->out(0), memory.deep = true;
      list.push_back(std::move(memory));
    };
    deltanet::for_each_tensor(add, state);
    return list;
  }

  /// What a deep memory is a network of, alone or beside attention.
  template <class Config>
  static std::optional<deltanet::MemoryNetwork> deep_memory(const Config& config) {
    if constexpr (requires { config.network(); })
      return config.network();
    else if constexpr (requires { config.memory.network(); })
      return config.memory.network();
    else
      return {};
  }
};

}  // namespace compare
