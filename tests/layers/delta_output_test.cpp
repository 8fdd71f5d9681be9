#include "deltanet/layers/delta_output.hpp"

#include "laws/layer_laws.hpp"
#include "support/catch.hpp"

namespace deltanet::test {

namespace {

struct Everything {
  DeltaOutputParams<double> params;
  Tensor<double, 3> x;  // [B, T, D]
  Tensor<double, 4> o;  // [B, T, HV, V]

  static constexpr auto fields() {
    return std::tuple{Field{"", &Everything::params}, Field{"x", &Everything::x}, Field{"o", &Everything::o}};
  }
};

[[nodiscard]] Everything drawn(const DeltaOutputConfig& config) {
  Everything at{delta_output_params<double>(config), random_tokens<double>(2, 3, config.hidden_size), {2, 3, 2, 5}};
  Random random(1);
  initialize_delta_output(at.params, config, random);
  random.fill_normal(at.params.o_norm.weight);
  random.fill_normal(at.o);
  return at;
}

[[nodiscard]] Tensor<double, 3> output_of(const DeltaOutputConfig& config, const Everything& at) {
  DeltaOutputCache<double> cache{at.o, {}, {}};
  return delta_output<double>(config, at.params, at.x, cache);
}

}  // namespace

TEST_CASE("the output of a delta-rule layer is o_proj(o_norm(o) silu(g_proj x)), the norm over each head", "[layers]") {
  const bool use_gate = GENERATE(true, false);
  const DeltaOutputConfig config{.hidden_size = 4, .num_v_heads = 2, .head_v_dim = 5, .use_gate = use_gate};
  const Everything at = drawn(config);
  Matrix<double> gated(6, 10);
  for (Index i = 0; i < 6; ++i)
    for (Index h = 0; h < 2; ++h) {
      const VectorMap<const double> o(at.o.data() + (i * 2 + h) * 5, 5);
      const double r = 1 / std::sqrt(o.squaredNorm() / 5 + config.norm_eps);
      for (Index j = 0; j < 5; ++j) {
        const double z = use_gate ? at.params.g_proj->weight.row(h * 5 + j).dot(rows(at.x).row(i)) : 0;
        gated(i, h * 5 + j) = o[j] * r * at.params.o_norm.weight[j] * (use_gate ? z / (1 + std::exp(-z)) : 1);
      }
    }
  const Matrix<double> y = gated * at.params.o_proj.weight.transpose();
  CHECK(relative_error(output_of(config, at), y) < rounding<double>(10));
}

TEST_CASE("the gradients of a delta-rule layer's output are its finite differences", "[layers]") {
  const bool use_gate = GENERATE(true, false);
  const DeltaOutputConfig config{.hidden_size = 4, .num_v_heads = 2, .head_v_dim = 5, .use_gate = use_gate};
  Everything at = drawn(config), gradients = zeros_like(at);
  DeltaOutputCache<double> cache{at.o, {}, {}};
  Tensor<double, 3> dy = delta_output<double>(config, at.params, at.x, cache);
  Random(2).fill_normal(dy);
  gradients.o = delta_output_backward<double>(config, at.params, at.x, cache, dy, rows(gradients.x), gradients.params);
  const GradientReport report =
      check_gradients(at, gradients, [&] { return rows(output_of(config, at)).cwiseProduct(rows(dy)).sum(); });
  INFO(report.text());
  CHECK(report.passes(finite_difference_error));
}

}  // namespace deltanet::test
