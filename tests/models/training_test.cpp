#include <filesystem>

#include "deltanet/io/checkpoint.hpp"
#include "deltanet/layers/gated_delta_net.hpp"
#include "deltanet/models/language_model.hpp"
#include "deltanet/training/trainer.hpp"
#include "support/catch.hpp"
#include "support/tolerance.hpp"

using namespace deltanet;

namespace {

using TrainedModel = LanguageModel<GatedDeltaNet<float>>;

/// A small model with its training on a text that repeats, the state carried from step to step.
struct Run {
  Random random{1};
  TrainedModel model{config()};
  Trainer<TrainedModel> trainer{model.params, {.schedule = {.peak = 3e-2}}};
  TrainedModel::State state = model.initial_state(3);

  Run() { model.initialize(random); }

  // g++ 12 fails on this list where it initializes a member in place.
  static TrainedModel::Config config() {
    return {.vocab_size = 16,
            .num_hidden_layers = 2,
            .block = {.attn = {.hidden_size = 12, .expand_v = 1, .head_dim = 6, .num_heads = 2},
                      .mlp = {.hidden_size = 12, .intermediate_size = 20}}};
  }

  double train(int steps) {
    double loss = 0;
    for (int i = 0; i < steps; ++i) {
      Batch batch{{3, 21}, {3, 21}};
      for (Index b = 0; b < 3; ++b) {
        std::int32_t token = static_cast<std::int32_t>(random.below(16));
        for (Index t = 0; t < 21; ++t) {
          batch.tokens(b, t) = token;
          batch.targets(b, t) = token = (3 * token + 1) % 16;
        }
      }
      loss = trainer.step(model, batch, static_cast<double>(trainer.optimiser.state.steps) / 40, &state).loss.loss;
    }
    return loss;
  }
};

template <class P>
void check_same(const P& a, const P& b) {
  for_each_tensor(
      [](const TensorInfo& info, const auto& one, const auto& other) {
        INFO(info.name);
        CHECK(test::identical(one.flat(), other.flat()));
      },
      a, b);
}

}  // namespace

TEST_CASE("a language model learns a rule in forty steps", "[training]") {
  Run run;
  const double first = run.train(1), last = run.train(39);
  CHECK(first == Catch::Approx(std::log(16.0)).epsilon(0.05));
  CHECK(last < 0.5 * first);
}

TEST_CASE("training is the same to the last bit for 1, 2 and 3 threads", "[training]") {
  const int threads = num_threads();
  set_num_threads(1);
  Run one;
  const double loss = one.train(3);
  for (const int count : {2, 3}) {
    set_num_threads(count);
    Run several;
    CHECK(several.train(3) == loss);
    check_same(several.model.params, one.model.params);
    check_same(several.state, one.state);
  }
  set_num_threads(threads);
}

TEST_CASE("training that was saved and loaded goes on as if it had not stopped, to the last bit", "[training]") {
  const auto path = std::filesystem::temp_directory_path() / "deltanet_training_test.safetensors";
  Run whole;
  whole.train(10);
  {
    Run begun;
    begun.train(5);
    std::vector<SourceTensor> tensors;
    append(tensors, "", std::as_const(begun.model.params));
    append(tensors, "optimiser", std::as_const(begun.trainer.optimiser.state));
    append(tensors, "state", std::as_const(begun.state));
    write_safetensors(path, tensors,
                      {{"step", metadata_text(begun.trainer.optimiser.state.steps)}, {"random", metadata_text(begun.random)}});
  }
  Run resumed;
  const SafetensorsFile file(path);
  std::vector<TargetTensor> tensors;
  append(tensors, "", resumed.model.params);
  append(tensors, "optimiser", resumed.trainer.optimiser.state);
  append(tensors, "state", resumed.state);
  load_tensors(file, tensors);
  resumed.trainer.optimiser.state.steps = metadata_value<Index>(file, "step");
  resumed.random = metadata_value<Random>(file, "random");
  resumed.train(5);
  std::filesystem::remove(path);

  check_same(resumed.model.params, whole.model.params);
  check_same(resumed.trainer.optimiser.state, whole.trainer.optimiser.state);
  check_same(resumed.state, whole.state);
}
