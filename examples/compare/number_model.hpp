#pragma once

#include "compare/regression_model.hpp"
#include "compare/trained_model.hpp"

namespace compare {

/// A regression model over mixers of one type, trained by the mean squared error.
template <deltanet::Layer Mixer>
class NumberModel final : public TrainedModel<RegressionModel<Mixer>, deltanet::GradientDescent<RegressionModelParams<Mixer>>> {
  using Model = RegressionModel<Mixer>;
  using Params = RegressionModelParams<Mixer>;
  using Base = TrainedModel<Model, deltanet::GradientDescent<Params>>;
  using Floats = deltanet::Tensor<float, 3>;

 public:
  using Base::Base;

  double train(const Batch& batch, double done) override {
    const auto& examples = std::get<deltanet::RegressionBatch>(batch);
    const auto learn = [&](Params& gradients) {
      typename Model::Cache cache;
      Floats y = this->model_.forward(floats(examples.inputs), nullptr, &cache);
      const deltanet::MeanLoss loss = squared_error_in_place<float>(y, examples.targets);
      this->model_.backward(cache, y, gradients);
      return loss;
    };
    return this->trainer_.descend(this->model_.params, done, learn).loss.loss;
  }

  [[nodiscard]] TokensOrNumbers predict(const TokensOrNumbers& inputs) const override {
    const Floats y = this->model_.forward(floats(std::get<Numbers>(inputs)));
    Numbers predictions(y.dimensions());
    deltanet::rows(predictions) = deltanet::rows(y).template cast<double>();
    return predictions;
  }

 private:
  void read_part(const TokensOrNumbers& sequence, Index begin, Index end, typename Model::State& state) const override {
    const auto& numbers = std::get<Numbers>(sequence);
    const Index width = numbers.dimension(2);
    (void)this->model_.forward(floats({numbers.data() + begin * width, {1, end - begin, width}}), &state);
  }

  static Floats floats(deltanet::View<const double, 3> numbers) {
    Floats result(numbers.shape);
    deltanet::rows(result) = numbers.rows().template cast<float>();
    return result;
  }
};

}  // namespace compare
