#pragma once

#include "compare/trained_model.hpp"
#include "deltanet/models/language_model.hpp"
#include "deltanet/tasks/score.hpp"
#include "deltanet/training/trainer.hpp"

namespace compare {

/// A language model over mixers of one type.
template <deltanet::Layer Mixer>
class TokenModel final
    : public TrainedModel<deltanet::LanguageModel<Mixer>, deltanet::Trainer<deltanet::LanguageModel<Mixer>>> {
  using Model = deltanet::LanguageModel<Mixer>;
  using Base = TrainedModel<Model, deltanet::Trainer<Model>>;

 public:
  using Base::Base;

  double train(const Batch& batch, double done) override {
    const auto& [tokens, targets] = std::get<deltanet::TaskBatch>(batch);
    return this->trainer_.step(this->model_, {tokens, targets}, done).loss.loss;
  }

  [[nodiscard]] TokensOrNumbers predict(const TokensOrNumbers& inputs) const override {
    const auto logits = this->model_.forward(std::get<Tokens>(inputs));
    return deltanet::greedy_tokens<float>(logits);
  }

 private:
  void read_part(const TokensOrNumbers& sequence, Index begin, Index end, typename Model::State& state) const override {
    (void)this->model_.forward({std::get<Tokens>(sequence).data() + begin, {1, end - begin}}, &state);
  }
};

}  // namespace compare
