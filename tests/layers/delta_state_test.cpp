#include "deltanet/layers/delta_state.hpp"

#include "deltanet/memory/delta_rule.hpp"
#include "laws/layer_laws.hpp"
#include "support/catch.hpp"

namespace deltanet::test {

namespace {

constexpr DeltaInputsConfig small_delta_state{
    .hidden_size = 4, .num_heads = 2, .num_v_heads = 4, .head_k_dim = 3, .head_v_dim = 5};

}  // namespace

TEST_CASE("the state of a delta-rule layer has convolutions only where the layer has", "[layers]") {
  auto config = small_delta_state;
  std::vector<std::string> names;
  const auto list = [&](const TensorInfo& info, const auto&) { names.push_back(info.name); };
  const auto with = initial_delta_state<float, DeltaRule>(config, 3);
  for_each_tensor(list, with);
  CHECK(names == std::vector<std::string>{"recurrent_state", "open_chunk", "open_tokens", "conv_state.q", "conv_state.k",
                                          "conv_state.v"});
  names.clear();
  config.use_short_conv = false;
  const auto without = initial_delta_state<float, DeltaRule>(config, 3);
  for_each_tensor(list, without);
  CHECK(names == std::vector<std::string>{"recurrent_state", "open_chunk", "open_tokens"});
}

TEST_CASE("a state without its convolutions is refused by name", "[layers]") {
  using Catch::Matchers::ContainsSubstring;
  auto state = initial_delta_state<float, DeltaRule>(small_delta_state, 3);
  state.conv_state.v.reset();
  CHECK_THROWS_WITH(expect_delta_state(small_delta_state, 3, state),
                    ContainsSubstring("conv_state.v: expected [N=3, D=20, W=4]"));
}

TEST_CASE("the state of a memory with momentum has twice the rows", "[layers]") {
  using Catch::Matchers::ContainsSubstring;
  auto state = initial_delta_state<float, MomentumDeltaRule>(small_delta_state, 3);
  CHECK(state.recurrent_state.dimensions() == Eigen::array<Index, 4>{3, 4, 6, 5});
  CHECK_NOTHROW(expect_delta_state<float>(small_delta_state, 3, state));
  state.recurrent_state.resize(3, 4, 3, 5);
  CHECK_THROWS_WITH(expect_delta_state<float>(small_delta_state, 3, state),
                    ContainsSubstring("recurrent_state: expected [N=3, HV=4, 2K=6, V=5], got [3, 4, 3, 5]"));
}

TEST_CASE("the convolutions' states may be of other widths than the heads'", "[layers]") {
  using Catch::Matchers::ContainsSubstring;
  DeltaStateSizes sizes = small_delta_state;
  sizes.q_width = 2;
  const auto state = initial_delta_state<float, DeltaRule>(sizes, 3);
  CHECK(state.conv_state.q->dimension(1) == 2);
  CHECK(state.conv_state.k->dimension(1) == 6);
  CHECK_THROWS_WITH(expect_delta_state(small_delta_state, 3, state),
                    ContainsSubstring("conv_state.q: expected [N=3, D=6, W=4]"));
}

TEST_CASE("what was projected is shifted into the convolutions' states", "[layers]") {
  auto params = delta_inputs_params<float>(small_delta_state);
  Random random(1);
  initialize_delta_inputs(params, small_delta_state, random);
  auto state = initial_delta_state<float, DeltaRule>(small_delta_state, 2);
  DeltaInputsCache<float> cache;
  delta_inputs<float>(small_delta_state, params, random_tokens<float>(2, 3, 4), state.conv_state, cache);
  shift_convolution_states(small_delta_state, cache, state.conv_state);
  for (Index b = 0; b < 2; ++b)
    for (Index w = 0; w < 4; ++w)
      for (Index d = 0; d < 20; ++d) CHECK((*state.conv_state.v)(b, d, w) == (w == 0 ? 0 : cache.v.projected(b, w - 1, d)));
}

}  // namespace deltanet::test
