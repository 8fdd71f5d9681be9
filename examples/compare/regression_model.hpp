#pragma once

#include <vector>

#include "deltanet/blocks/residual.hpp"
#include "deltanet/layers/linear.hpp"
#include "deltanet/training/trainer.hpp"

namespace compare {

using deltanet::Index;

/// Sizes of a model that reads numbers and predicts numbers.
template <class MixerConfig>
struct RegressionModelConfig {
  Index input_size = 0;   // D
  Index target_size = 0;  // D'
  Index num_hidden_layers = 2;
  deltanet::ResidualBlockConfig<MixerConfig> block{};  // of every layer
};

/// Its parts: those of a language model, with linear maps where that has an embedding and a head.
template <deltanet::Layer Mixer>
struct RegressionModelParams {
  using T = typename Mixer::Scalar;
  deltanet::Linear<T> in_proj;
  std::vector<deltanet::ResidualBlock<Mixer>> layers;
  deltanet::RMSNorm<T> norm;
  deltanet::Linear<T> out_proj;

  static constexpr auto fields() {
    using P = RegressionModelParams;
    return std::tuple{deltanet::Field{"in_proj", &P::in_proj}, deltanet::Field{"layers", &P::layers},
                      deltanet::Field{"norm", &P::norm}, deltanet::Field{"out_proj", &P::out_proj}};
  }
};

/// Numbers to numbers: y = out_proj(norm(block_n(.. block_1(in_proj(x))))).  [B, T, D] -> [B, T, D'].
template <deltanet::Layer Mixer>
class RegressionModel {
 public:
  using Scalar = typename Mixer::Scalar;
  using T = Scalar;
  using Numbers = deltanet::Tensor<T, 3>;
  using Input = deltanet::View<const T, 3>;
  using Block = deltanet::ResidualBlock<Mixer>;
  using Config = RegressionModelConfig<typename Mixer::Config>;
  using Params = RegressionModelParams<Mixer>;
  struct State {
    std::vector<typename Block::State> layers;
    static constexpr auto fields() { return std::tuple{deltanet::Field{"layers", &State::layers}}; }
  };
  struct Cache {
    typename deltanet::Linear<T>::Cache in_proj;
    std::vector<typename Block::Cache> layers;
    typename deltanet::RMSNorm<T>::Cache norm;
    typename deltanet::Linear<T>::Cache out_proj;
  };

  Config config;
  Params params;

  explicit RegressionModel(const Config& config_) : config(config_), params(make_params(config_)) {}

  void initialize(deltanet::Random& random) {
    params.in_proj.initialize(random);
    for (Block& block : params.layers) block.initialize(random);
    params.norm.initialize(random);
    params.out_proj.initialize(random);
  }

  /// The state before the first step of N sequences.
  [[nodiscard]] State initial_state(Index N) const {
    State state;
    for (const Block& block : params.layers) state.layers.push_back(block.initial_state(N));
    return state;
  }

  /// Predictions [B, T, D'] from inputs [B, T, D]; continues from *state and replaces it where it is not null.
  Numbers forward(Input x, State* state = nullptr, Cache* cache = nullptr) const {
    if (cache) cache->layers.resize(params.layers.size());
    Numbers h = params.in_proj.forward(x, nullptr, cache ? &cache->in_proj : nullptr);
    for (std::size_t i = 0; i < params.layers.size(); ++i)
      h = params.layers[i].forward(h, state ? &state->layers[i] : nullptr, cache ? &cache->layers[i] : nullptr);
    h = params.norm.forward(h, nullptr, cache ? &cache->norm : nullptr);
    return params.out_proj.forward(h, nullptr, cache ? &cache->out_proj : nullptr);
  }

  /// Adds the gradients of the parameters to `gradients`, given those of the predictions, [B, T, D'].
  void backward(const Cache& cache, Input dy, Params& gradients) const {
    Numbers dh = params.out_proj.backward(cache.out_proj, dy, gradients.out_proj.params);
    dh = params.norm.backward(cache.norm, dh, gradients.norm.params);
    for (std::size_t i = params.layers.size(); i-- > 0;)
      dh = params.layers[i].backward(cache.layers[i], dh, gradients.layers[i].params);
    (void)params.in_proj.backward(cache.in_proj, dh, gradients.in_proj.params);
  }

 private:
  static Params make_params(const Config& config) {
    const Index width = config.block.mlp.hidden_size;
    constexpr double initializer_range = 0.02;  // as of a language model's head: the first predictions are near 0
    return {deltanet::Linear<T>({config.input_size, width}),
            std::vector<Block>(static_cast<std::size_t>(config.num_hidden_layers), Block(config.block)),
            deltanet::RMSNorm<T>(config.block.norm()),
            deltanet::Linear<T>({width, config.target_size, true, initializer_range})};
  }
};

/// The mean of the squared errors of predictions [B, T, D'], and in place of these its gradient:
///
///   loss = 1/n sum_i (y_i - target_i)^2,     dy_i = 2/n (y_i - target_i)      over all n = B T D' numbers
///
/// The sum is formed in double.
template <deltanet::Real T>
deltanet::MeanLoss squared_error_in_place(deltanet::View<T, 3> predictions, deltanet::View<const double, 3> targets) {
  deltanet::expect_shape("predictions", predictions,
                         {{"B", targets.shape[0]}, {"T", targets.shape[1]}, {"D'", targets.shape[2]}});
  const Index n = targets.size();
  const T weight = T(2) / static_cast<T>(n);
  double sum = 0;
  for (Index i = 0; i < n; ++i) {
    const double error = static_cast<double>(predictions.data[i]) - targets.data[i];
    sum += error * error;
    predictions.data[i] = weight * static_cast<T>(error);
  }
  return {sum / static_cast<double>(n), n};
}

}  // namespace compare
