#include "deltanet/layers/delta_config.hpp"

#include "support/catch.hpp"

namespace deltanet::test {

namespace {

struct Options {
  Index hidden_size = 10, head_dim = 4, num_heads = 2;
  double expand_v = 1.5, norm_eps = 1e-3;
  bool use_short_conv = false, conv_bias = true;
  Index conv_size = 3;
  std::optional<double> initializer_range = 0.1;

  [[nodiscard]] Index value_heads() const { return 6; }
  [[nodiscard]] Index head_v_dim() const { return static_cast<Index>(static_cast<double>(head_dim) * expand_v); }
};

struct WithEigenvalues : Options {
  bool allow_neg_eigval = true;
};

}  // namespace

TEST_CASE("a layer's options become those of its inputs and output", "[layers]") {
  const DeltaInputsConfig in = delta_inputs_of(Options());
  CHECK(in.hidden_size == 10);
  CHECK(in.key_dim() == 8);
  CHECK(in.value_dim() == 36);
  CHECK((!in.use_short_conv && in.conv_bias && in.use_beta));
  CHECK(in.conv_size == 3);
  CHECK(in.strength() == 1);
  CHECK(in.initializer_range == 0.1);
  CHECK(delta_inputs_of(WithEigenvalues()).strength() == 2);

  const DeltaOutputConfig out = delta_output_of(Options(), true, NormGate::sigmoid);
  CHECK(out.hidden_size == 10);
  CHECK(out.value_dim() == 36);
  CHECK((out.use_gate && out.gate == NormGate::sigmoid && !out.gate_rank));
  CHECK(out.norm_eps == 1e-3);
  CHECK(out.initializer_range == 0.1);
  CHECK_FALSE(delta_output_of(Options(), false).use_gate);
}

TEST_CASE("a head's values must be of a whole width", "[layers]") {
  Options options;
  CHECK_NOTHROW(expect_integral_head_v_dim(options));
  options.expand_v = 1.3;
  CHECK_THROWS_WITH(expect_integral_head_v_dim(options),
                    Catch::Matchers::ContainsSubstring("expand_v: expected an integral head_dim * expand_v, got 4 * 1.3"));
}

}  // namespace deltanet::test
