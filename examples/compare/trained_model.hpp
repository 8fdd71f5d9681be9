#pragma once

#include <optional>

#include "compare/sequence_model.hpp"
#include "deltanet/memory/memory_network.hpp"
#include "deltanet/models/language_model.hpp"
#include "deltanet/tasks/score.hpp"
#include "deltanet/training/trainer.hpp"

namespace compare {

/// A language model over mixers of one type, behind the interface of all.
template <deltanet::Layer Mixer>
class TrainedModel final : public SequenceModel {
 public:
  using Model = deltanet::LanguageModel<Mixer>;

  TrainedModel(const typename Model::Config& config, const TrainingSettings& training, std::uint64_t seed)
      : model_(config),
        trainer_(model_.params, {.adamw = {.beta2 = 0.95, .weight_decay = training.weight_decay},
                                 .schedule = {.peak = training.lr, .warmup = training.warmup}}) {
    deltanet::Random random(seed);
    model_.initialize(random);
  }

  [[nodiscard]] Index parameters() const override { return count_parameters(model_.params); }

  double train(const deltanet::TaskBatch& batch, double done) override {
    return trainer_.step(model_, {batch.tokens, batch.targets}, done).loss.loss;
  }

  [[nodiscard]] deltanet::Tensor<std::int32_t, 2> predict(const deltanet::Tensor<std::int32_t, 2>& tokens) const override {
    const auto logits = model_.forward(tokens);
    return deltanet::greedy_tokens<float>(logits);
  }

  void read(const deltanet::Tensor<std::int32_t, 2>& tokens, Index piece, const Look& look) const override {
    auto state = model_.initial_state(1);
    for (Index t = 0; t < tokens.dimension(1); t += piece) {
      const Index end = std::min(tokens.dimension(1), t + piece);
      (void)model_.forward({tokens.data() + t, {1, end - t}}, &state);
      look(end, memories(state));
    }
  }

  std::vector<TrainedTensor> trained_tensors() override {
    std::vector<TrainedTensor> tensors;
    const auto add = [&](const char* owner, auto& list) {
      for_each_tensor([&](const auto& info, const auto& span) { tensors.push_back({owner + info.name, span}); }, list);
    };
    add("model.", model_.params);
    add("optimiser.", trainer_.optimiser.state);
    return tensors;
  }

  Index& steps() override { return trainer_.optimiser.state.steps; }

 private:
  /// What the layers remember; the few last tokens that short convolutions keep are not among it, nor are positions.
  [[nodiscard]] std::vector<Memory> memories(const typename Model::State& state) const {
    std::vector<Memory> list;
    const auto add = [&](const deltanet::TensorInfo& info, const auto& span) {
      if (info.name.find("conv_state") != std::string::npos || info.name.find("position") != std::string::npos) return;
      Memory memory{info.name, span.shape, {span.data, span.data + span.size()}};
      if (info.name.ends_with("recurrent_state")) memory.columns = memory.shape.back();
      if (const auto network = deep_memory(model_.config.block.attn); network && info.name.ends_with("weights"))
        memory.columns = network->out(0), memory.deep = true;
      list.push_back(std::move(memory));
    };
    for_each_tensor(add, state);
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

  Model model_;
  deltanet::Trainer<Model> trainer_;
};

/// A kind of model whose layers' mixers are made by `configure`: ModelSizes -> Mixer::Config.
template <deltanet::Layer Mixer, class Configure>
ModelKind model_kind(std::string name, std::string title, std::string rule, const Configure& configure) {
  const auto make = [configure](const ModelSizes& sizes, const TrainingSettings& training, std::uint64_t seed) {
    typename deltanet::LanguageModel<Mixer>::Config config{.vocab_size = sizes.vocab_size,
                                                           .num_hidden_layers = sizes.num_layers};
    config.block.attn = configure(sizes);
    config.block.mlp = {.hidden_size = sizes.hidden_size, .intermediate_size = sizes.intermediate_size};
    return std::unique_ptr<SequenceModel>(std::make_unique<TrainedModel<Mixer>>(config, training, seed));
  };
  return {std::move(name), std::move(title), std::move(rule), make};
}

}  // namespace compare
