#include "deltanet/models/generate.hpp"

#include <set>

#include "support/catch.hpp"
#include "support/leaky_mixer.hpp"

using namespace deltanet;

namespace {

Vector<double> some_logits() { return Vector<double>{{1.0, 3.0, 2.0, 3.0}}; }

LanguageModel<test::LeakyMixer<float>> random_model() {
  LanguageModel<test::LeakyMixer<float>> model({.vocab_size = 11,
                                                .num_hidden_layers = 2,
                                                .block = {.attn = {.hidden_size = 8}, .mlp = {.hidden_size = 8}},
                                                .initializer_range = 0.5});
  Random random(1);
  model.initialize(random);
  return model;
}

}  // namespace

TEST_CASE("greedy sampling takes the likeliest token, the first of equals, and draws nothing", "[generate]") {
  Random random(1), untouched(1);
  CHECK(sample(some_logits(), {.temperature = 0}, random) == 1);
  CHECK(random.engine() == untouched.engine());
}

TEST_CASE("top-k draws only from the k likeliest tokens", "[generate]") {
  Random random(1);
  std::set<std::int32_t> drawn;
  for (int i = 0; i < 200; ++i) drawn.insert(sample(some_logits(), {.temperature = 5, .top_k = 3}, random));
  CHECK(drawn == std::set<std::int32_t>{1, 2, 3});
  CHECK(sample(some_logits(), {.top_k = 1}, random) == 1);
}

TEST_CASE("tokens are drawn as often as softmax of the tempered logits says", "[generate]") {
  const Vector<double> logits{{0.0, std::log(2.0), std::log(5.0)}};
  for (const double temperature : {1.0, 0.5}) {
    Random random(3);
    Vector<double> counts = Vector<double>::Zero(3);
    constexpr int draws = 20000;
    for (int i = 0; i < draws; ++i) counts[sample(logits, {.temperature = temperature}, random)] += 1;
    Vector<double> expected = (logits / temperature).array().exp();
    expected /= expected.sum();
    // a share p of n draws deviates by sqrt(p (1 - p) / n) < 0.0036
    CHECK((counts / draws - expected).cwiseAbs().maxCoeff() < 4 * 0.0036);
  }
}

TEST_CASE("greedy text is what forward over the whole text would choose", "[generate]") {
  const auto model = random_model();
  Random random(1);
  std::vector<std::int32_t> text{3, 1};
  generate(model, {3, 1}, 12, {.temperature = 0}, random, [&](std::int32_t token) { text.push_back(token); });
  REQUIRE(text.size() == 14);
  const Tensor<float, 3> logits = model.forward({text.data(), {1, 14}});
  for (Index t = 1; t < 13; ++t) {
    Index likeliest = 0;
    rows(logits).row(t).maxCoeff(&likeliest);
    CHECK(text[static_cast<std::size_t>(t) + 1] == likeliest);
  }
}

TEST_CASE("the same seed writes the same text, and emit may end it", "[generate]") {
  const auto model = random_model();
  std::vector<std::int32_t> first, second;
  Random one(9), two(9);
  generate(model, {0}, 20, {}, one, [&](std::int32_t token) { first.push_back(token); });
  generate(model, {0}, 20, {}, two, [&](std::int32_t token) {
    second.push_back(token);
    return second.size() < 5;
  });
  CHECK(first.size() == 20);
  CHECK(second == std::vector<std::int32_t>(first.begin(), first.begin() + 5));
}

TEST_CASE("sampling refuses an empty prompt and settings that make no sense", "[generate]") {
  const auto model = random_model();
  Random random(1);
  CHECK_THROWS_WITH(generate(model, {}, 1, {}, random, [](std::int32_t) {}), "prompt: expected at least one token");
  CHECK_THROWS_WITH(sample(some_logits(), {.temperature = -1}, random), "temperature: expected a number >= 0, got -1");
  CHECK_THROWS_WITH(sample(some_logits(), {.top_k = -1}, random), "top_k: expected at least 0, got -1");
}
