#include "deltanet/layers/attention.hpp"

#include "laws/layer_laws.hpp"
#include "support/catch.hpp"

namespace deltanet::test {

namespace {

constexpr AttentionConfig small_attention{.hidden_size = 6, .num_heads = 4, .num_kv_heads = 2, .head_dim = 4};

/// Norms of queries and keys over heads, zero-centered, a gate, part of each head turned, biases: Qwen3.5's and more.
AttentionConfig with_everything() {
  AttentionConfig config = small_attention;
  config.attention_bias = config.use_gate = config.zero_centered_norm = true;
  config.qk_norm = AttentionNorm::head;
  config.rotary_dim = 2;
  return config;
}

}  // namespace

TEST_CASE("attention keeps the laws of a layer", "[layers]") { layer_laws<Attention>(small_attention, 6); }

TEST_CASE("attention with every option keeps the laws of a layer", "[layers]") {
  layer_laws_in_double<Attention>(with_everything(), 6);
}

TEST_CASE("attention with norms over all heads and no positions keeps the laws of a layer", "[layers]") {
  AttentionConfig config = small_attention;
  config.qk_norm = AttentionNorm::projection;
  config.rope_theta.reset();
  layer_laws_in_double<Attention>(config, 6);
}

TEST_CASE("attention in a window keeps the laws of a layer", "[layers]") {
  AttentionConfig config = small_attention;
  config.window_size = 3;
  layer_laws<Attention>(config, 6, 11);
}

TEST_CASE("attention reads a token as in one pass, bit for bit", "[layers]") {
  AttentionConfig config = with_everything();
  config.head_dim = GENERATE(4, 21, 48);
  if (*config.head_dim == 21) config.qk_norm = AttentionNorm::projection;
  pieces_are_whole_bit_for_bit<Attention>(config, 6, 150);
}

TEST_CASE("attention in a window reads a token as in one pass, bit for bit, though the state forgets", "[layers]") {
  AttentionConfig config = small_attention;
  config.window_size = GENERATE(1, 5, 70);
  pieces_are_whole_bit_for_bit<Attention>(config, 6, 300);
}

TEST_CASE("a window's state holds less than twice the window", "[layers]") {
  AttentionConfig config = small_attention;
  config.window_size = 3;
  Attention<double> layer(config);
  auto state = layer.initial_state(2);
  for (Index i = 0; i < 20; ++i) {
    (void)layer.forward(random_tokens<double>(2, 1 + i % 3, 6), &state);
    for (const auto& [k, v, position] : state.sequences) {
      CHECK(k.tokens() < 6);
      CHECK(k.tokens() == v.tokens());
    }
  }
}

TEST_CASE("attention names its parameters as flash-linear-attention does", "[layers]") {
  const Attention<float> layer(with_everything());
  std::vector<std::string> names;
  for_each_tensor([&](const TensorInfo& info, const auto&) { names.push_back(info.name); }, layer.params);
  CHECK(names == std::vector<std::string>{"q_proj.weight", "q_proj.bias", "k_proj.weight", "k_proj.bias", "v_proj.weight",
                                          "v_proj.bias", "g_proj.weight", "g_proj.bias", "q_norm.weight", "k_norm.weight",
                                          "o_proj.weight", "o_proj.bias"});
}

TEST_CASE("a token that is retrieved where it stands counts twice, which changes nothing", "[layers]") {
  Attention<double> layer(with_everything());
  Random random(2);
  layer.initialize(random);
  const auto x = random_tokens<double>(2, 9, 6);
  CHECK(relative_error(layer.attend(x, {.retrieved = x}), layer.forward(x)) < rounding<double>(54));
}

TEST_CASE("persistent tokens are seen by every token, from no distance", "[layers]") {
  auto config = small_attention;
  config.window_size = 2;
  Attention<double> layer(config);
  Random random(2);
  layer.initialize(random);
  Matrix<double> p(3, 6);
  random.fill_normal(p);
  const AttentionContext<double> context{.persistent = {p.data(), {3, 6}}};
  Tensor<double, 3> same(1, 12, 6);  // the same token again and again
  rows(same).rowwise() = p.row(0);
  const auto y = layer.attend(same, context);
  for (Index t = 2; t < 12; ++t) CHECK(relative_error(tokens_of(y, t, t + 1), tokens_of(y, 1, 2)) < rounding<double>(6));
  CHECK(relative_error(tokens_of(y, 5, 6), tokens_of(layer.forward(same), 5, 6)) > 1e-3);
}

TEST_CASE("the gradients of attention beside a context are differences", "[layers]") {
  for (const bool retrieved : {false, true}) {
    INFO("retrieved " << retrieved);
    struct Everything {
      AttentionParams<double> params;
      Matrix<double> persistent;
      Tensor<double, 3> retrieved, x;
      static constexpr auto fields() {
        return std::tuple{Field{"", &Everything::params}, Field{"persistent", &Everything::persistent},
                          Field{"retrieved", &Everything::retrieved}, Field{"x", &Everything::x}};
      }
    };
    auto config = with_everything();
    if (!retrieved) config.window_size = 3;
    Attention<double> layer(config);
    Random random(2);
    layer.initialize(random);
    Everything at{layer.params, Matrix<double>(2, 6), random_tokens<double>(2, retrieved ? 5 : 0, 6, 3),
                  random_tokens<double>(2, 5, 6)};
    random.fill_normal(at.persistent);
    const auto context = [&] {
      AttentionContext<double> seen{.persistent = {at.persistent.data(), {2, 6}}};
      if (retrieved) seen.retrieved = at.retrieved;
      return seen;
    };
    Attention<double>::Cache cache;
    Tensor<double, 3> dy = layer.attend(at.x, context(), nullptr, &cache);
    random.fill_normal(dy);
    auto gradients = zeros_like(at);
    AttentionContextGradients<double> dcontext{gradients.persistent, gradients.retrieved};
    gradients.x = layer.attend_backward(cache, context(), dy, gradients.params, dcontext);
    gradients.persistent = dcontext.persistent;
    gradients.retrieved = dcontext.retrieved;
    const auto report = check_gradients(at, gradients, [&] {
      layer.params = at.params;
      return rows(layer.attend(at.x, context())).cwiseProduct(rows(dy)).sum();
    });
    INFO(report.text());
    CHECK(report.passes(finite_difference_error));
  }
}

TEST_CASE("attention names what is wrong with its Config, its State and its context", "[layers]") {
  using Catch::Matchers::ContainsSubstring;
  auto config = small_attention;
  config.num_kv_heads = 3;
  CHECK_THROWS_WITH(Attention<float>(config), ContainsSubstring("num_kv_heads: expected a divisor of num_heads=4, got 3"));
  config = small_attention;
  config.rotary_dim = 3;
  CHECK_THROWS_WITH(Attention<float>(config),
                    ContainsSubstring("rotary_dim: expected an even number in [0, head_dim=4], got 3"));
  config = small_attention;
  config.window_size = 0;
  CHECK_THROWS_WITH(Attention<float>(config), ContainsSubstring("window_size: expected at least 1, got 0"));
  const Attention<double> layer(small_attention);
  auto state = layer.initial_state(1);
  CHECK_THROWS_WITH(layer.forward(random_tokens<double>(2, 3, 6), &state), "state: expected that of N=2 sequences, got 1");
  auto other = Attention<double>({.hidden_size = 6, .num_heads = 4, .num_kv_heads = 2, .head_dim = 6}).initial_state(2);
  CHECK_THROWS_WITH(layer.forward(random_tokens<double>(2, 3, 6), &other), "k: expected [S=0, HKV=2, K=4], got [0, 2, 6]");
  const auto x = random_tokens<double>(2, 3, 6);
  const Tensor<double, 3> short_h = tokens_of(x, 0, 2);
  CHECK_THROWS_WITH(layer.attend(x, {.retrieved = short_h}), "retrieved: expected [B=2, T=3, D=6], got [2, 2, 6]");
  const Matrix<double> p(2, 5);
  CHECK_THROWS_WITH(layer.attend(x, {.persistent = {p.data(), {2, 5}}}), "persistent: expected [P=2, D=6], got [2, 5]");
  config = small_attention;
  config.window_size = 2;
  CHECK_THROWS_WITH(Attention<double>(config).attend(x, {.retrieved = x}),
                    "window_size: expected none beside retrieved tokens, got 2");
}

}  // namespace deltanet::test
