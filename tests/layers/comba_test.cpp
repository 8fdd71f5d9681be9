#include "deltanet/layers/comba.hpp"

#include "deltanet/recurrence/sequential.hpp"
#include "laws/layer_laws.hpp"
#include "support/catch.hpp"

namespace deltanet::test {

namespace {

constexpr CombaConfig small_comba{.hidden_size = 6, .head_dim = 3, .num_heads = 2};

[[nodiscard]] std::vector<std::string> names_of(const CombaConfig& config) {
  const Comba<double> layer(config);
  std::vector<std::string> names;
  for_each_tensor([&](const TensorInfo& info, const auto&) { names.push_back(info.name); }, layer.params);
  return names;
}

}  // namespace

TEST_CASE("a Comba layer keeps the laws of a layer", "[layers]") {
  auto config = small_comba;
  config.num_heads = 1;
  config.num_v_heads = 2;
  config.correction_factor = 0.3;  // at 1, q - D p is near 0 at times, where differences of its direction are wrong
  delta_layer_laws_in_double<Comba>(config, 6);
}

TEST_CASE("a Comba layer without gate, convolutions, correction and inner decay keeps the laws of a layer", "[layers]") {
  auto config = small_comba;
  config.use_output_gate = config.use_short_conv = config.use_output_correction = config.use_inner_decay = false;
  delta_layer_laws_in_double<Comba>(config, 6);
}

TEST_CASE("the parameters of a Comba layer have the names and first values of flash-linear-attention's", "[layers]") {
  using Names = std::vector<std::string>;
  auto config = small_comba;
  CHECK(names_of(config) == Names{"q_proj.weight", "k_proj.weight", "v_proj.weight", "b_proj.weight", "q_conv1d.weight",
                                  "k_conv1d.weight", "v_conv1d.weight", "a_proj.weight", "A_log", "dt_bias", "decay", "D",
                                  "g_proj.weight", "o_norm.weight", "o_proj.weight"});
  config.use_output_gate = config.use_short_conv = config.use_output_correction = config.use_inner_decay = false;
  CHECK(names_of(config) == Names{"q_proj.weight", "k_proj.weight", "v_proj.weight", "b_proj.weight", "a_proj.weight", "A_log",
                                  "dt_bias", "o_norm.weight", "o_proj.weight"});
  Comba<double> layer(small_comba);
  Random random(1);
  layer.initialize(random);
  CHECK(*layer.params.decay == Vector<double>::Ones(2));
  CHECK(*layer.params.D == Vector<double>::Ones(2));
}

TEST_CASE("a Comba layer's read-outs are the definition's on the corrected queries and decayed keys", "[layers]") {
  Comba<double> layer(small_comba);
  Random random(1);
  layer.initialize(random);
  const Tensor<double, 3> x = random_tokens<double>(2, 20, 6);
  Comba<double>::Cache cache;
  (void)layer.forward(x, nullptr, &cache);

  Tensor<double, 4> q(2, 20, 2, 3), k(2, 20, 2, 3), p(2, 20, 2, 3), v(2, 20, 2, 6);
  std::copy_n(cache.inputs.k.out.data(), k.size(), k.data());
  std::copy_n(cache.inputs.v.out.data(), v.size(), v.data());
  const double s = 1 / (1 + std::exp(-1.0));
  for (Index i = 0; i < k.size(); ++i) {
    p.data()[i] = s * k.data()[i];
    q.data()[i] = cache.inputs.q.out.data()[i] - p.data()[i];
  }
  ScanOptions<double> options;
  options.use_qk_l2norm = true;
  const CombaDeltaRule::Inputs<double> in{.q = q, .k = k, .v = v, .p = p, .beta = cache.inputs.beta, .g = cache.decay.g};
  CHECK(relative_error(cache.output.o, sequential(in, options).o) < layer_rounding(x));
}

TEST_CASE("a Comba layer names what is wrong with its Config", "[layers]") {
  auto config = small_comba;
  config.expand_v = 1.5;
  CHECK_THROWS_WITH(Comba<double>(config),
                    Catch::Matchers::ContainsSubstring("expand_v: expected an integral head_dim * expand_v, got 3"));
}

}  // namespace deltanet::test
