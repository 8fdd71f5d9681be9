#pragma once

#include <cmath>
#include <concepts>
#include <stdexcept>

#include "deltanet/core/sequences.hpp"
#include "deltanet/core/zeros.hpp"
#include "deltanet/training/adamw.hpp"
#include "deltanet/training/clip.hpp"
#include "deltanet/training/cross_entropy.hpp"
#include "deltanet/training/schedule.hpp"

namespace deltanet {

/// What the trainer needs of a model: tokens [B, T] to logits [B, T, V], and the way back.
template <class M>
concept TrainableModel = Parameters<typename M::Params> &&
    requires(const M model, typename M::Params gradients, View<const std::int32_t, 2> tokens,
             Tensor<typename M::Scalar, 3> dlogits, typename M::State state, typename M::Cache cache, Sequences sequences) {
  { model.forward(tokens, &state, &cache, sequences) } -> std::same_as<Tensor<typename M::Scalar, 3>>;
  model.backward(cache, dlogits, gradients);
};

/// A batch: the tokens to read, for each the one that follows (or `ignore_index`), and how they are cut into sequences: each
/// row is one, where nothing else is said.
struct Batch {
  Tensor<std::int32_t, 2> tokens;   // [B, T]
  Tensor<std::int32_t, 2> targets;  // [B, T]
  Sequences sequences{};
};

/// How to train.
struct TrainerConfig {
  AdamWConfig adamw{.beta2 = 0.95, .weight_decay = 0.1};
  WarmupCosine schedule{};
  double max_norm = 1;  // of all gradients together
};

/// What one step of training saw.
struct StepReport {
  MeanLoss loss;         // before the step
  double gradient_norm;  // before clipping
  double learning_rate;
};

/// What is done with gradients, whatever loss they are of: their global norm is clipped, and AdamW takes a step at the rate of
/// a schedule. What must be saved to continue to the last bit is the parameters and `optimiser.state`.
template <Parameters P>
class GradientDescent {
 public:
  TrainerConfig config;
  AdamW<P> optimiser;

  explicit GradientDescent(const P& params, const TrainerConfig& config_ = {})
      : config(config_), optimiser(params, config_.adamw), gradients_(zeros_like(params)) {
    config.schedule.validate();
    expect(config.max_norm > 0, "max_norm: expected a positive number, got ", config.max_norm);
  }

  /// One step, at the learning rate of the schedule when `done`, a share of the run in [0, 1], is behind us.
  /// learn(P& gradients) -> MeanLoss adds the gradients of a loss to the zeros that it is given. Throws `std::runtime_error`
  /// and leaves the parameters alone if the loss or a gradient is not finite.
  template <class Learn>
  StepReport descend(P& params, double done, const Learn& learn) {
    const FlushToZero flush;
    for_each_tensor(
        [](const TensorInfo&, const auto& gradient) { detail::set_zero(gradient.flat().data(), gradient.flat().size()); },
        gradients_);
    const MeanLoss loss = learn(gradients_);
    const double norm = clip_global_norm(gradients_, config.max_norm);
    if (!std::isfinite(loss.loss) || !std::isfinite(norm))
      throw std::runtime_error(detail::concat("step ", optimiser.state.steps + 1, ": loss ", loss.loss, ", gradient norm ",
                                              norm, ": expected finite numbers; a lower learning rate may help"));
    const double rate = config.schedule.rate(done);
    optimiser.step(params, gradients_, rate);
    return {loss, norm, rate};
  }

 private:
  P gradients_;
};

/// Trains a model by cross-entropy.
template <TrainableModel Model>
class Trainer : public GradientDescent<typename Model::Params> {
 public:
  using Params = typename Model::Params;
  using GradientDescent<Params>::GradientDescent;

  /// One step on the batch, as `descend` does it. If `state` is given, the batch continues the sequences that ended there (no
  /// gradient flows back into them), and the state is replaced.
  StepReport step(Model& model, const Batch& batch, double done, typename Model::State* state = nullptr) {
    return this->descend(model.params, done, [&](Params& gradients) {
      typename Model::Cache cache;
      auto logits = model.forward(batch.tokens, state, &cache, batch.sequences);
      const MeanLoss loss = cross_entropy_in_place<typename Model::Scalar>(logits, batch.targets);
      model.backward(cache, logits, gradients);
      return loss;
    });
  }
};

}  // namespace deltanet
