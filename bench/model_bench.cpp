#include "deltanet/layers/gated_delta_net.hpp"
#include "deltanet/models/language_model.hpp"
#include "deltanet/training/trainer.hpp"
#include "support/gates.hpp"
#include "support/parameters.hpp"
#include "support/program.hpp"

/// A language model: `model_train` is a step of training (forward, backward, clipping, AdamW), `model_step` one token of each
/// of B sequences. Flops are two for every parameter but the embedding's and 6 K V for every value head, a token; three times
/// that in training. Parameters are as they are initialised, or with strong gates.
namespace deltanet::bench {
namespace {

template <Real T>
using Model = LanguageModel<GatedDeltaNet<T>>;

struct Shape {
  Index hidden_size, num_layers, num_heads, head_dim, B, T;
  Gates gates = Gates::init;
};

Model<float>::Config config_of(const Shape& shape) {
  return {
      .num_hidden_layers = shape.num_layers,
      .block = {
          .attn = {.hidden_size = shape.hidden_size,
                   .expand_v = 1,
                   .head_dim = shape.head_dim,
                   .num_heads = shape.num_heads,
                   .initializer_range = 0.02},
          .mlp = {.hidden_size = shape.hidden_size, .intermediate_size = 2 * shape.hidden_size, .initializer_range = 0.02}}};
}

template <Real T>
Model<T> make_model(const Shape& shape) {
  Model<T> model(config_of(shape));
  Random random(1);
  model.initialize(random);
  if (shape.gates == Gates::strong) shift_gates<T>(model.params, random);
  return model;
}

double flops_per_token(const Shape& shape) {
  const auto model = make_model<float>(shape);
  const Index parameters = count_parameters(model.params) - count_parameters(model.params.model.embeddings.params);
  return static_cast<double>(2 * parameters + 6 * shape.num_layers * shape.num_heads * shape.head_dim * shape.head_dim);
}

Batch draw_batch(const Shape& shape, Index tokens) {
  Batch batch{Tensor<std::int32_t, 2>(shape.B, tokens), Tensor<std::int32_t, 2>(shape.B, tokens)};
  Random random(2);
  for (auto* ids : {&batch.tokens, &batch.targets})
    for (Index i = 0; i < ids->size(); ++i) ids->data()[i] = static_cast<std::int32_t>(random.uniform(0, 256));
  return batch;
}

template <Real T>
typename Model<T>::Params gradients_of(const Model<T>& model, const Batch& batch) {
  typename Model<T>::Cache cache;
  auto logits = model.forward(batch.tokens, nullptr, &cache);
  cross_entropy_in_place<T>(logits, batch.targets);
  auto gradients = zeros_like(model.params);
  model.backward(cache, logits, gradients);
  return gradients;
}

/// Logits and gradients against the same model in double.
std::string wrong(const Shape& shape, const Batch& batch) {
  const auto model = make_model<float>(shape);
  const auto logits = model.forward(batch.tokens);
  const auto gradients = gradients_of(model, batch);
  use_all_threads();
  auto exact = make_model<double>(shape);
  cast_parameters<float, double>(model.params, exact.params);
  Judge judge("forward and backward");
  judge.compare<float>("logits", logits, exact.forward(batch.tokens));
  compare_gradients<float>(judge, gradients, gradients_of(exact, batch));
  return judge.complaint();
}

/// One token of each sequence after another, against the whole in double.
std::string wrong_steps(const Shape& shape) {
  const auto model = make_model<float>(shape);
  const Batch batch = draw_batch(shape, 20);
  auto exact = make_model<double>(shape);
  cast_parameters<float, double>(model.params, exact.params);
  const auto expected = exact.forward(batch.tokens);
  auto state = model.initial_state(shape.B);
  Judge judge("20 tokens, one by one");
  for (Index t = 0; t < 20; ++t) {
    const Tensor<std::int32_t, 1> token = batch.tokens.chip<1>(t);
    const Tensor<double, 2> logits = expected.chip<1>(t);
    judge.compare<float>("logits", model.step(token, state), logits);
  }
  return judge.complaint();
}

void add_model(const Shape& shape, int threads) {
  const auto name = [&](const char* what, const std::string& size) {
    return deltanet::detail::concat(what, "/gated_delta_net/float/D", shape.hidden_size, "/L", shape.num_layers, size,
                                    "/threads", threads, shape.gates == Gates::strong ? suffix(shape.gates) : "");
  };
  const double flops = flops_per_token(shape), tokens = static_cast<double>(shape.B * shape.T);
  add<float>(name("model_train", deltanet::detail::concat("/B", shape.B, "/T", shape.T)), {threads, tokens, 3 * flops * tokens},
             [=] {
               const auto batch = draw_batch(shape, shape.T);
               const auto model = std::make_shared<Model<float>>(make_model<float>(shape));
               const auto trainer = std::make_shared<Trainer<Model<float>>>(model->params);
               std::string complaint = wrong(shape, batch);
               return Prepared{complaint, [=] { benchmark::DoNotOptimize(trainer->step(*model, batch, 0.5).loss.loss); },
                               [=] { return product_bound<float>(3 * flops * tokens, shape.B * shape.T, shape.hidden_size); }};
             });
  add<float>(name("model_step", deltanet::detail::concat("/B", shape.B)),
             {threads, static_cast<double>(shape.B), flops * static_cast<double>(shape.B)}, [=] {
               const auto model = std::make_shared<const Model<float>>(make_model<float>(shape));
               const Tensor<std::int32_t, 1> token = draw_batch(shape, 1).tokens.chip<1>(0);
               std::string complaint = wrong_steps(shape);
               return Prepared{complaint, [=, state = model->initial_state(shape.B)]() mutable {
                                 benchmark::DoNotOptimize(model->step(token, state).data());
                               }};
             });
}

}  // namespace
}  // namespace deltanet::bench

int main(int argc, char** argv) {
  using namespace deltanet::bench;
  const Shape main_job{.hidden_size = 96, .num_layers = 3, .num_heads = 2, .head_dim = 48, .B = 8, .T = 128};
  for (const int threads : thread_counts()) {
    add_model(main_job, threads);
    add_model({.hidden_size = 512, .num_layers = 4, .num_heads = 4, .head_dim = 128, .B = 4, .T = 512}, threads);
  }
  Shape strong = main_job;
  strong.gates = Gates::strong;
  add_model(strong, 1);
  return run_benchmarks(argc, argv);
}
