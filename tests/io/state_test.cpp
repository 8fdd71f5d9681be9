#include "deltanet/io/state.hpp"

#include "deltanet/blocks/memory_as_context.hpp"
#include "deltanet/layers/attention.hpp"
#include "deltanet/layers/delta_net.hpp"
#include "deltanet/layers/neural_memory.hpp"
#include "deltanet/models/language_model.hpp"
#include "io/temporary_folder.hpp"
#include "support/catch.hpp"
#include "support/leaky_mixer.hpp"
#include "support/tolerance.hpp"

namespace deltanet::test {

namespace {

using Catch::Matchers::ContainsSubstring;
using Model = LanguageModel<LeakyMixer<float>>;

[[nodiscard]] Model random_model(std::uint64_t seed, Index layers = 2, Index width = 6) {
  Model model({.vocab_size = 7,
               .num_hidden_layers = layers,
               .block = {.attn = {.hidden_size = width}, .mlp = {.hidden_size = width, .intermediate_size = 10}}});
  Random random(seed);
  model.initialize(random);
  return model;
}

[[nodiscard]] Tensor<std::int32_t, 2> ids(Index B, Index T) {
  Tensor<std::int32_t, 2> tokens(B, T);
  for (Index i = 0; i < tokens.size(); ++i) tokens.data()[i] = static_cast<std::int32_t>(i % 7);
  return tokens;
}

[[nodiscard]] Model::State state_of(const Model& model, Index B) {
  auto state = model.initial_state(B);
  (void)model.forward(ids(B, 9), &state);
  return state;
}

}  // namespace

TEST_CASE("a model goes on from a saved state as if it had not been saved, bit for bit", "[io]") {
  const TemporaryFolder folder;
  const Model model = random_model(1);
  auto state = state_of(model, 2);
  save_state(folder / "text.state", model, state);
  auto loaded = load_state(folder / "text.state", model, 2);
  CHECK(identical(model.forward(ids(2, 5), &loaded), model.forward(ids(2, 5), &state)));
}

TEST_CASE("a state is of the weights as they are kept", "[io]") {
  const TemporaryFolder folder;
  Model model = random_model(1), other = random_model(2);
  save_state(folder / "full.state", model, state_of(model, 2));
  for (Model* each : {&model, &other}) keep_weights_in(Precision::bfloat16, *each);
  save_state(folder / "kept.state", model, state_of(model, 2));
  (void)load_state(folder / "kept.state", model, 2);
  CHECK_THROWS_WITH(load_state(folder / "kept.state", other, 2), ContainsSubstring("a state made with other parameters"));
  CHECK_THROWS_WITH(load_state(folder / "full.state", model, 2), ContainsSubstring("a state made with other parameters"));
}

TEST_CASE("a state that grows with its tokens is saved, of sequences of unequal lengths", "[io]") {
  const TemporaryFolder folder;
  Attention<float> layer({.hidden_size = 6, .num_heads = 2, .head_dim = 4});
  Random random(1);
  layer.initialize(random);
  auto state = layer.initial_state(3);
  Tensor<float, 3> x(1, 7, 6);
  random.fill_normal(x);
  (void)layer.forward(x, &state, nullptr, Sequences{{0, 5, 5, 7}});
  save_state(folder / "layer.state", layer, state);
  auto loaded = load_state(folder / "layer.state", layer, 3);
  const std::vector<std::size_t> tokens{5, 0, 2};
  for (std::size_t n = 0; n < 3; ++n) CHECK(loaded.sequences[n].k.tokens() == static_cast<Index>(tokens[n]));
  const Sequences next{{0, 1, 4, 7}};
  CHECK(identical(layer.forward(x, &loaded, nullptr, next), layer.forward(x, &state, nullptr, next)));
  CHECK_THROWS_WITH(load_state(folder / "layer.state", layer, 2), ContainsSubstring("state.sequences.2.k: expected no tensor"));
}

TEST_CASE("a memory as context goes on in the middle of a segment from a saved state, bit for bit", "[io]") {
  const TemporaryFolder folder;
  MemoryAsContext<NeuralMemory<float>> layer({.hidden_size = 6,
                                              .segment_size = 4,
                                              .memory = {.hidden_size = 6, .head_dim = 3, .num_heads = 2, .mini_batch = 3},
                                              .attn = {.hidden_size = 6, .num_heads = 2, .head_dim = 4}});
  Random random(1);
  layer.initialize(random);
  auto state = layer.initial_state(2);
  Tensor<float, 3> x(1, 7, 6);
  random.fill_normal(x);
  (void)layer.forward(x, &state, nullptr, Sequences{{0, 5, 7}});
  save_state(folder / "layer.state", layer, state);
  auto loaded = load_state(folder / "layer.state", layer, 2);
  const Sequences next{{0, 1, 7}};
  CHECK(identical(layer.forward(x, &loaded, nullptr, next), layer.forward(x, &state, nullptr, next)));
}

TEST_CASE("the state of every layer of the family is saved: recurrent state and convolutions, and one without these", "[io]") {
  const TemporaryFolder folder;
  for (const bool use_short_conv : {true, false}) {
    const DeltaNet<float> layer({.hidden_size = 6, .num_heads = 2, .use_short_conv = use_short_conv});
    auto state = layer.initial_state(3);
    Random random(1);
    for (auto* tensor : {&state.conv_state.q, &state.conv_state.k, &state.conv_state.v})
      if (*tensor) random.fill_normal(**tensor);
    random.fill_normal(state.recurrent_state);
    save_state(folder / "layer.state", layer, state);
    auto loaded = load_state(folder / "layer.state", layer, 3);
    Index tensors = 0;
    const auto compare = [&](const TensorInfo& info, const auto& a, const auto& b) {
      INFO(info.name);
      CHECK(identical(a.flat(), b.flat()));
      ++tensors;
    };
    for_each_tensor(compare, loaded, state);
    CHECK(tensors == (use_short_conv ? 6 : 3));
    CHECK(state_bytes(state) ==
          4 * (state.recurrent_state.size() + state.open_chunk.size() + 3 + (use_short_conv ? 3 * 3 * 6 * 4 : 0)));
  }
}

TEST_CASE("a state that is a tensor, and one that is nothing, are saved too", "[io]") {
  const TemporaryFolder folder;
  ShortConvolution<double> layer({.hidden_size = 3});
  auto state = layer.initial_state(2);
  Random(1).fill_normal(state);
  save_state(folder / "taps.state", layer, state);
  CHECK(identical(load_state(folder / "taps.state", layer, 2), state));
  const RMSNorm<double> norm({3});
  save_state(folder / "none.state", norm, NoState());
  CHECK_NOTHROW(load_state(folder / "none.state", norm, 2));
}

TEST_CASE("a state of another model or batch is refused", "[io]") {
  const TemporaryFolder folder;
  const Model model = random_model(1);
  const auto path = folder / "text.state";
  save_state(path, model, state_of(model, 2));
  CHECK_THROWS_WITH(load_state(path, model, 3), ContainsSubstring("layers.0.s: expected F32 [3, 6], found F32 [2, 6]"));
  CHECK_THROWS_WITH(load_state(path, random_model(1, 2, 8), 2), ContainsSubstring("layers.0.s: expected F32 [2, 8], found"));
  CHECK_THROWS_WITH(load_state(path, random_model(1, 1), 2), ContainsSubstring("layers.1.s: expected no tensor of this name"));
  CHECK_THROWS_WITH(load_state(path, random_model(2), 2),
                    ContainsSubstring("text.state: a state made with other parameters: expected metadata parameters \""));
  Model halved = model, changed = random_model(2);  // which differ in weights alone, and these are kept in 16 bits
  for (auto* each : {&halved, &changed}) {
    keep_weights_in(Precision::bfloat16, *each);
    for_each_tensor([](const TensorInfo&, const auto& tensor) { tensor.flat().setOnes(); }, each->params);
  }
  save_state(folder / "halved.state", halved, state_of(halved, 2));
  CHECK_NOTHROW(load_state(folder / "halved.state", halved, 2));
  CHECK_THROWS_WITH(load_state(folder / "halved.state", changed, 2), ContainsSubstring("made with other parameters"));
  Model other = model;
  other.params.model.norm.params.weight[5] = std::nextafter(1.f, 2.f);
  CHECK_THROWS_WITH(load_state(path, other, 2), ContainsSubstring("a state made with other parameters"));
  const LanguageModel<LeakyMixer<double>> wide(
      {.vocab_size = 7, .num_hidden_layers = 2, .block = {.attn = {.hidden_size = 6}, .mlp = {.hidden_size = 6}}});
  CHECK_THROWS_WITH(load_state(path, wide, 2), ContainsSubstring("layers.0.s: expected F64 [2, 6], found F32 [2, 6]"));
}

TEST_CASE("a file that is no state, or of another version, is refused", "[io]") {
  const TemporaryFolder folder;
  const Model model = random_model(1);
  save_parameters(folder / "model.safetensors", model.params);
  CHECK_THROWS_WITH(load_state(folder / "model.safetensors", model, 1),
                    ContainsSubstring("not a state: expected metadata format \"deltanet.state\", found none"));
  const detail::SavedState<Model::State> saved{state_of(model, 1)};
  for (const int version : {detail::state_version - 1, detail::state_version + 1}) {
    save_parameters(folder / "other.state", saved, "", {{"format", "deltanet.state"}, {"version", std::to_string(version)}});
    CHECK_THROWS_WITH(load_state(folder / "other.state", model, 1),
                      ContainsSubstring(detail::concat("a state of another version: expected metadata version \"",
                                                       detail::state_version, "\", found \"", version, "\"")));
  }
}

TEST_CASE("any bit of a parameter, its shape and its name are in the fingerprint", "[io]") {
  struct Two {
    Vector<float> a, b;
    static constexpr auto fields() { return std::tuple{Field{"a", &Two::a}, Field{"b", &Two::b}}; }
  };
  const auto of = [](std::initializer_list<float> a, std::initializer_list<float> b) {
    Two two{Vector<float>(static_cast<Index>(a.size())), Vector<float>(static_cast<Index>(b.size()))};
    std::copy(a.begin(), a.end(), two.a.data());
    std::copy(b.begin(), b.end(), two.b.data());
    return detail::fingerprint<float>(two);
  };
  CHECK(of({1, 2, 3}, {4}) == of({1, 2, 3}, {4}));
  CHECK(of({1, 2, 3}, {4}).size() == 16);
  CHECK(of({1, 2, 3}, {4}) != of({1, 2, 3}, {-4}));
  CHECK(of({1, 2, 3}, {4}) != of({1, 2, -3}, {4}));
  CHECK(of({1, 2, 3}, {4}) != of({-1, 2, -3}, {4}));  // sign bits, the highest of their words
  CHECK(of({1, 2, 3}, {4}) != of({1, 2}, {3, 4}));
  CHECK(of({0, 0}, {}) != of({0}, {0}));
}

}  // namespace deltanet::test
