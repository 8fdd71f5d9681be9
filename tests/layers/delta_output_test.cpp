#include "deltanet/layers/delta_output.hpp"

#include <array>

#include "laws/layer_laws.hpp"
#include "support/catch.hpp"

namespace deltanet::test {

namespace {

constexpr DeltaOutputConfig silu_gate{.hidden_size = 4, .num_v_heads = 2, .head_v_dim = 5};
constexpr DeltaOutputConfig no_gate{.hidden_size = 4, .num_v_heads = 2, .head_v_dim = 5, .use_gate = false};
constexpr DeltaOutputConfig low_rank_gate{
    .hidden_size = 4, .num_v_heads = 2, .head_v_dim = 5, .gate = NormGate::sigmoid, .gate_rank = 3};
constexpr std::array all_configs{silu_gate, no_gate, low_rank_gate};

struct DeltaOutputNumbers {
  DeltaOutputParams<double> params;
  Tensor<double, 3> x;  // [B, T, D]
  Tensor<double, 4> o;  // [B, T, HV, V]

  static constexpr auto fields() {
    return std::tuple{Field{"", &DeltaOutputNumbers::params}, Field{"x", &DeltaOutputNumbers::x},
                      Field{"o", &DeltaOutputNumbers::o}};
  }
};

[[nodiscard]] DeltaOutputNumbers drawn(const DeltaOutputConfig& config) {
  DeltaOutputNumbers at{delta_output_params<double>(config), random_tokens<double>(2, 3, config.hidden_size), {2, 3, 2, 5}};
  Random random(1);
  initialize_delta_output(at.params, config, random);
  random.fill_normal(at.params.o_norm.weight);
  random.fill_normal(at.o);
  return at;
}

[[nodiscard]] Tensor<double, 3> output_of(const DeltaOutputConfig& config, const DeltaOutputNumbers& at) {
  DeltaOutputCache<double> cache;
  cache.o = at.o;
  return delta_output<double>(config, at.params, at.x, cache);
}

}  // namespace

TEST_CASE("the output of a delta-rule layer is o_proj(o_norm(o) act(g_proj x)), the norm over each head", "[layers]") {
  for (const DeltaOutputConfig& config : all_configs) {
    const DeltaOutputNumbers at = drawn(config);
    Matrix<double> z = Matrix<double>::Zero(6, 10), gated(6, 10);
    if (at.params.g_proj) z = rows(at.x) * at.params.g_proj->weight.transpose();
    if (const auto& g = at.params.g_low_rank)
      z = (rows(at.x) * (g->up.weight * g->down.weight).transpose()).rowwise() + g->up.bias->transpose();
    for (Index i = 0; i < 6; ++i)
      for (Index h = 0; h < 2; ++h) {
        const VectorMap<const double> o(at.o.data() + (i * 2 + h) * 5, 5);
        const double r = 1 / std::sqrt(o.squaredNorm() / 5 + config.norm_eps);
        for (Index j = 0; j < 5; ++j) {
          const double gate = z(i, h * 5 + j), s = 1 / (1 + std::exp(-gate));
          const double act = !config.use_gate ? 1 : config.gate == NormGate::silu ? gate * s : s;
          gated(i, h * 5 + j) = o[j] * r * at.params.o_norm.weight[j] * act;
        }
      }
    const Matrix<double> y = gated * at.params.o_proj.weight.transpose();
    CHECK(relative_error(output_of(config, at), y) < rounding<double>(10));
  }
}

TEST_CASE("the gradients of a delta-rule layer's output are its finite differences", "[layers]") {
  for (const DeltaOutputConfig& config : all_configs) {
    DeltaOutputNumbers at = drawn(config), gradients = zeros_like(at);
    DeltaOutputCache<double> cache;
    cache.o = at.o;
    Tensor<double, 3> dy = delta_output<double>(config, at.params, at.x, cache);
    Random(2).fill_normal(dy);
    gradients.o = delta_output_backward<double>(config, at.params, at.x, cache, dy, rows(gradients.x), gradients.params);
    const GradientReport report =
        check_gradients(at, gradients, [&] { return rows(output_of(config, at)).cwiseProduct(rows(dy)).sum(); });
    INFO(report.text());
    CHECK(report.passes(finite_difference_error));
  }
}

TEST_CASE("an output gate of low rank goes by the name of the gate, with a bias", "[layers]") {
  std::vector<std::string> names;
  const auto params = delta_output_params<float>(low_rank_gate);
  for_each_tensor([&](const TensorInfo& info, const auto&) { names.push_back(info.name); }, params);
  CHECK(names ==
        std::vector<std::string>{"g_proj.0.weight", "g_proj.1.weight", "g_proj.1.bias", "o_norm.weight", "o_proj.weight"});
}

}  // namespace deltanet::test
