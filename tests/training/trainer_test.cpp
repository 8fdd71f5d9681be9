#include "deltanet/training/trainer.hpp"

#include <limits>

#include "support/catch.hpp"

using namespace deltanet;

namespace {

/// Logits of the next token by the present one: a table.
struct Bigrams {
  using Scalar = double;
  struct Params {
    Matrix<double> table;
    static constexpr auto fields() { return std::tuple{Field{"table", &Params::table}}; }
  };
  struct State {};
  struct Cache {
    Tensor<std::int32_t, 2> tokens;
  };
  Params params{Matrix<double>::Zero(4, 4)};

  Tensor<double, 3> forward(View<const std::int32_t, 2> tokens, State*, Cache* cache, const Sequences& sequences) const {
    (void)sequences.count(tokens.shape[0], tokens.shape[1]);
    cache->tokens = Eigen::TensorMap<const EigenTensor<std::int32_t, 2>>(tokens.data, tokens.shape);
    Tensor<double, 3> logits(tokens.shape[0], tokens.shape[1], 4);
    for (Index i = 0; i < tokens.size(); ++i) rows(logits).row(i) = params.table.row(tokens.data[i]);
    return logits;
  }
  void backward(const Cache& cache, View<const double, 3> dlogits, Params& gradients) const {
    for (Index i = 0; i < cache.tokens.size(); ++i) gradients.table.row(cache.tokens.data()[i]) += dlogits.rows().row(i);
  }
};

Batch counting() {
  Batch batch{{1, 4}, {1, 4}};
  batch.tokens.setValues({{0, 1, 2, 3}});
  batch.targets.setValues({{1, 2, 3, 0}});
  return batch;
}

}  // namespace

TEST_CASE("a step reports the loss before it, the norm before clipping and the rate of the schedule", "[trainer]") {
  Bigrams model;
  Trainer<Bigrams> trainer(model.params, {.schedule = {.peak = 0.5, .warmup = 0}, .max_norm = 1e-3});
  const StepReport report = trainer.step(model, counting(), 0.5);
  CHECK(report.loss.loss == Catch::Approx(std::log(4.0)));
  CHECK(report.loss.count == 4);
  CHECK(report.gradient_norm == Catch::Approx(std::sqrt(4 * (0.75 * 0.75 + 3 * 0.25 * 0.25)) / 4));
  CHECK(report.learning_rate == Catch::Approx(0.25));
  // the first step of Adam moves every entry by the rate, up for the targets and down for the others
  CHECK(model.params.table(0, 1) == Catch::Approx(0.25).epsilon(1e-3));
  CHECK(model.params.table(0, 2) == Catch::Approx(-0.25).epsilon(1e-3));
}

TEST_CASE("a step tells the model how the batch is cut into sequences", "[trainer]") {
  Bigrams model;
  Trainer<Bigrams> trainer(model.params);
  Batch batch = counting();
  batch.sequences = {{0, 1, 4}};
  CHECK_NOTHROW(trainer.step(model, batch, 0.5));
  batch.sequences = {{0, 5}};
  CHECK_THROWS_WITH(trainer.step(model, batch, 0.5), "cu_seqlens: expected to run from 0 to T=4, got 0 to 5");
}

TEST_CASE("steps make the loss fall, and gradients do not pile up from step to step", "[trainer]") {
  Bigrams model;
  Trainer<Bigrams> trainer(model.params, {.adamw = {.weight_decay = 0}, .schedule = {.peak = 0.5, .warmup = 0}});
  StepReport report{};
  for (int i = 0; i < 20; ++i) report = trainer.step(model, counting(), 0);
  CHECK(report.loss.loss < 0.01);
  CHECK(report.gradient_norm < 0.01);
}

TEST_CASE("gradients of any loss are descended, from zeros, at the rate of the schedule", "[trainer]") {
  Bigrams::Params params{Matrix<double>::Constant(2, 2, 1)};
  GradientDescent<Bigrams::Params> descent(params, {.adamw = {.weight_decay = 0}, .schedule = {.peak = 0.5, .warmup = 0}});
  const auto learn = [&](Bigrams::Params& gradients) {  // of the sum of squares
    CHECK(gradients.table.isZero(0));
    gradients.table += 2 * params.table;
    return MeanLoss{params.table.squaredNorm(), 4};
  };
  CHECK(descent.descend(params, 0, learn).gradient_norm == Catch::Approx(4));
  CHECK(params.table(1, 0) == Catch::Approx(0.5));
  CHECK(descent.descend(params, 0, learn).loss.loss == Catch::Approx(1));
}

TEST_CASE("a loss that is not finite throws and leaves the parameters alone", "[trainer]") {
  Bigrams model;
  Trainer<Bigrams> trainer(model.params);
  model.params.table(2, 2) = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(trainer.step(model, counting(), 0.5), std::runtime_error);
  CHECK(model.params.table(0, 1) == 0);
  CHECK(trainer.optimiser.state.steps == 0);
}

TEST_CASE("a trainer refuses a schedule or a norm that makes no sense", "[trainer]") {
  const Bigrams model;
  CHECK_THROWS_AS(Trainer<Bigrams>(model.params, {.schedule = {.peak = 1, .floor = 2}}), std::invalid_argument);
  CHECK_THROWS_AS(Trainer<Bigrams>(model.params, {.max_norm = 0}), std::invalid_argument);
}
