#pragma once

#include "compare/number_model.hpp"
#include "compare/token_model.hpp"

namespace compare {

/// A kind of model whose layers' mixers are made by `configure`: ModelSizes -> Mixer::Config.
template <deltanet::Layer Mixer, class Configure>
ModelKind model_kind(std::string name, std::string title, std::string rule, const Configure& configure) {
  const auto make = [configure](const ModelSizes& sizes, const TrainingSettings& training,
                                std::uint64_t seed) -> std::unique_ptr<SequenceModel> {
    deltanet::ResidualBlockConfig<typename Mixer::Config> block;
    block.attn = configure(sizes);
    block.mlp = {.hidden_size = sizes.hidden_size, .intermediate_size = sizes.intermediate_size};
    if (sizes.vocab_size > 0) {
      const typename deltanet::LanguageModel<Mixer>::Config config{
          .vocab_size = sizes.vocab_size, .num_hidden_layers = sizes.num_layers, .block = block};
      return std::make_unique<TokenModel<Mixer>>(config, training, seed);
    }
    const typename RegressionModel<Mixer>::Config config{sizes.input_size, sizes.target_size, sizes.num_layers, block};
    return std::make_unique<NumberModel<Mixer>>(config, training, seed);
  };
  return {std::move(name), std::move(title), std::move(rule), make};
}

}  // namespace compare
