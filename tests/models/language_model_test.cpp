#include "deltanet/models/language_model.hpp"

#include "deltanet/core/padding.hpp"
#include "deltanet/layers/rollback.hpp"
#include "deltanet/training/cross_entropy.hpp"
#include "deltanet/training/gradient_check.hpp"
#include "support/catch.hpp"
#include "support/leaky_mixer.hpp"
#include "support/tolerance.hpp"

using namespace deltanet;

namespace {

using Model = LanguageModel<test::LeakyMixer<double>>;

Model random_model(bool tied) {
  Model model({.vocab_size = 7,
               .num_hidden_layers = 2,
               .block = {.attn = {.hidden_size = 6}, .mlp = {.hidden_size = 6, .intermediate_size = 10}},
               .tie_word_embeddings = tied,
               .initializer_range = 0.5});
  Random random(1);
  model.initialize(random);
  return model;
}

Tensor<std::int32_t, 2> random_tokens(std::uint64_t seed) {
  Tensor<std::int32_t, 2> tokens(2, 9);
  Random random(seed);
  for (Index i = 0; i < tokens.size(); ++i) tokens.data()[i] = static_cast<std::int32_t>(random.below(7));
  return tokens;
}

}  // namespace

TEST_CASE("the gradients of a language model are its finite differences, with a free head and a tied one", "[language_model]") {
  for (const bool tied : {false, true}) {
    Model model = random_model(tied);
    const auto tokens = random_tokens(2);
    auto targets = random_tokens(3);
    targets(0, 4) = ignore_index;
    Model::Cache cache;
    const auto dlogits = cross_entropy<double>(model.forward(tokens, nullptr, &cache), targets).dlogits;
    auto gradients = zeros_like(model.params);
    model.backward(cache, dlogits, gradients);
    const auto loss = [&] { return cross_entropy<double>(model.forward(tokens), targets).mean.loss; };
    const GradientReport report = check_gradients(model.params, gradients, loss);
    INFO(report.text());
    CHECK(report.passes(test::finite_difference_error));
    CHECK(report.checked == count_parameters(model.params));
  }
}

TEST_CASE("a language model gives the same logits step by step, split anywhere, and in one go", "[language_model]") {
  const Model model = random_model(false);
  const auto tokens = random_tokens(2);
  const Tensor<double, 3> whole = model.forward(tokens);
  auto stepped = model.initial_state(2), split = model.initial_state(2);
  for (Index t = 0; t < 9; ++t) {
    const Tensor<std::int32_t, 1> token = tokens.chip(t, 1);
    const Tensor<double, 2> expected = whole.chip(t, 1);
    CHECK(test::relative_error(model.step(token, stepped), expected) < test::rounding<double>(9 * 6));
  }
  for (const auto& [begin, size] : {std::pair<Index, Index>{0, 4}, {4, 1}, {5, 4}}) {
    const Eigen::array<Index, 2> offset{0, begin}, extent{2, size};
    const Eigen::array<Index, 3> offsets{0, begin, 0}, extents{2, size, 7};
    const Tensor<std::int32_t, 2> part = tokens.slice(offset, extent);
    const Tensor<double, 3> expected = whole.slice(offsets, extents);
    CHECK(test::relative_error(model.forward(part, &split), expected) < test::rounding<double>(9 * 6));
  }
}

TEST_CASE("reading a prompt gives the logits after its last token alone, and the same state", "[language_model]") {
  const Model model = random_model(true);
  const auto tokens = random_tokens(2);
  auto whole = model.initial_state(2), read = whole;
  const Tensor<double, 2> last = model.forward(tokens, &whole).chip(8, 1);
  CHECK(test::relative_error(model.prefill(tokens, read), last) < test::rounding<double>(9 * 6));
  const Tensor<std::int32_t, 1> next = tokens.chip(0, 1);
  CHECK(test::identical(model.step(next, read), model.step(next, whole)));
  CHECK_THROWS_WITH(model.prefill(Tensor<std::int32_t, 2>(2, 0), read), "tokens: expected at least one, got none");
}

TEST_CASE("the blocks of a language model may differ", "[language_model]") {
  auto config = random_model(false).config;
  config.blocks = {config.block, config.block};
  config.blocks[1].norms = NormPlacement::after;
  config.blocks[1].mlp.intermediate_size = 4;
  const Model model(config);
  CHECK(model.params.model.layers[0].config.norms == NormPlacement::before);
  CHECK(model.params.model.layers[1].config.norms == NormPlacement::after);
  CHECK(model.params.model.layers[1].params.mlp.params.up_proj.weight.rows() == 4);
  config.blocks[1].mlp.hidden_size = config.blocks[1].attn.hidden_size = 4;
  CHECK_THROWS_WITH(Model(config), "blocks: expected the width D=6, got 4");
  config.blocks.pop_back();
  CHECK_THROWS_WITH(Model(config), "blocks: expected num_hidden_layers=2, got 1");
}

TEST_CASE("weights kept in 16 bits give the logits of the same weights rounded", "[language_model]") {
  for (const Precision precision : {Precision::bfloat16, Precision::float16})
    for (const bool tied : {false, true}) {
      Model kept = random_model(tied), rounded = kept;
      keep_weights_in(precision, kept);
      const auto round = [&](const std::string&, auto& part) {
        part.weight = Weight<double>(part.weight, precision).widened();
      };
      for_each_node<LinearParams<double>>(round, rounded.params);
      for_each_node<EmbeddingParams<double>>(round, rounded.params);
      const auto tokens = random_tokens(2);
      CHECK(test::relative_error(kept.forward(tokens), rounded.forward(tokens)) < test::rounding<double>(10));
      CHECK(test::relative_error(kept.forward(tokens), random_model(tied).forward(tokens)) > 1e-5);
      Model::Cache cache;
      auto gradients = zeros_like(rounded.params);
      const auto logits = kept.forward(tokens, nullptr, &cache);
      CHECK_THROWS_WITH(kept.backward(cache, logits, gradients),
                        "weight: expected one in full for a gradient, got one kept in 16 bits");
    }
}

TEST_CASE("sequences of unequal lengths, padded on the left and packed, give a language model what each gives alone",
          "[language_model]") {
  const Model model = random_model(false);
  const auto tokens = random_tokens(2);  // 9 and 4 of them count
  Tensor<std::int32_t, 2> mask(2, 9);
  for (Index t = 0; t < 9; ++t) mask(0, t) = 1, mask(1, t) = t >= 5;
  auto targets = random_tokens(3);
  for (Index t = 0; t < 5; ++t) targets(1, t) = ignore_index;
  const Padding padding(mask);
  auto state = model.initial_state(2);
  Model::Cache cache;
  const Tensor<double, 3> logits = padding.pad(model.forward(padding.pack(tokens), &state, &cache, padding.sequences()));
  const auto dlogits = cross_entropy<double>(logits, targets).dlogits;
  auto gradients = zeros_like(model.params), sum = gradients;
  model.backward(cache, padding.pack(dlogits), gradients);
  const auto next = model.forward(random_tokens(4), &state);

  for (const Index n : {0, 1}) {
    const Index length = n == 0 ? 9 : 4, row = n * 9 + 9 - length;
    auto alone = model.initial_state(1);
    Model::Cache cache_alone;
    const auto expected = model.forward({tokens.data() + row, {1, length}}, &alone, &cache_alone);
    model.backward(cache_alone, {dlogits.data() + row * 7, {1, length, 7}}, sum);
    CHECK(test::relative_error(Matrix<double>(rows(logits).middleRows(row, length)), expected) < test::rounding<double>(9 * 6));
    const auto next_alone = model.forward({random_tokens(4).data() + n * 9, {1, 9}}, &alone);
    CHECK(test::relative_error(Matrix<double>(rows(next).middleRows(n * 9, 9)), next_alone) < test::rounding<double>(9 * 6));
  }
  CHECK(rows(logits).middleRows(9, 5).isZero(0));
  for_each_tensor(
      [](const TensorInfo& info, const auto& packed, const auto& alone) {
        INFO(info.name);
        CHECK(test::relative_error(packed.flat(), alone.flat()) < test::rounding<double>(9 * 6 * 7));
      },
      gradients, sum);
}

TEST_CASE("drafted tokens that a language model takes back were never read, to the last bit", "[language_model]") {
  const Model model = random_model(false);
  const auto tokens = random_tokens(2);
  const auto part = [&](Index begin, Index size) {
    return Tensor<std::int32_t, 2>(tokens.slice(Eigen::array<Index, 2>{0, begin}, Eigen::array<Index, 2>{2, size}));
  };
  Rollback reader(model, model.initial_state(2), {.max_tokens = 4, .checkpoint_every = 3}), never = reader;
  for (auto* each : {&reader, &never}) {
    (void)each->forward(part(0, 3));
    (void)each->step(Tensor<std::int32_t, 1>(tokens.chip(3, 1)));
  }
  (void)reader.forward(part(4, 4));  // a draft, of which two tokens are taken back
  reader.rollback(2);
  (void)never.forward(part(4, 2));
  const Tensor<std::int32_t, 1> token = tokens.chip(8, 1);
  CHECK(test::identical(reader.step(token), never.step(token)));
  CHECK(state_bytes(reader.state()) == 2 * 2 * 6 * 8);  // 2 layers, 2 sequences, 6 channels
}

TEST_CASE("logits do not depend on later tokens, to the last bit", "[language_model]") {
  const Model model = random_model(false);
  auto tokens = random_tokens(2);
  const Tensor<double, 3> before = model.forward(tokens);
  for (Index t = 5; t < 9; ++t) tokens(0, t) = (tokens(0, t) + 1) % 7;
  const Tensor<double, 3> after = model.forward(tokens);
  CHECK(rows(after).topRows(5) == rows(before).topRows(5));
  CHECK(rows(after).row(5) != rows(before).row(5));
  CHECK(rows(after).bottomRows(9) == rows(before).bottomRows(9));
}

TEST_CASE("a language model names its tensors as flash-linear-attention does", "[language_model]") {
  const Model model = random_model(false);
  std::vector<std::string> names;
  for_each_tensor([&](const TensorInfo& info, const auto&) { names.push_back(info.name); }, model.params);
  REQUIRE(names.size() == 15);
  CHECK(names[0] == "model.embeddings.weight");
  CHECK(names[1] == "model.layers.0.attn_norm.weight");
  CHECK(names[8] == "model.layers.1.attn.weight");
  CHECK(names[13] == "model.norm.weight");
  CHECK(names[14] == "lm_head.weight");
}

TEST_CASE("a tied head is the embedding, and is trained and counted once", "[language_model]") {
  const Model tied = random_model(true), free = random_model(false);
  CHECK(count_parameters(free.params) - count_parameters(tied.params) == 7 * 6);
}

TEST_CASE("a language model refuses tokens outside its vocabulary and a state of another depth", "[language_model]") {
  const Model model = random_model(false);
  auto tokens = random_tokens(2);
  tokens(1, 0) = 7;
  CHECK_THROWS_WITH(model.forward(tokens), "ids: expected tokens in [0, 7), got 7 at flat index 9");
  Model::State state;
  CHECK_THROWS_WITH(model.forward(random_tokens(2), &state), "state: expected that of 2 layers, got 0");
  CHECK_THROWS_WITH(Model({.num_hidden_layers = 0, .block = model.config.block}),
                    "num_hidden_layers: expected at least 1, got 0");
}
