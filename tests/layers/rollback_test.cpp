#include "deltanet/layers/rollback.hpp"

#include "laws/layer_laws.hpp"
#include "support/catch.hpp"
#include "support/leaky_mixer.hpp"

namespace deltanet::test {

namespace {

[[nodiscard]] LeakyMixer<double> leaky() {
  LeakyMixer<double> layer({.hidden_size = 3});
  Random random(1);
  layer.initialize(random);
  return layer;
}

}  // namespace

TEST_CASE("a rollback is never having read, wherever the copies of the state are", "[layers]") {
  const Index checkpoint_every = GENERATE(1, 2, 3, 100);
  rollback_is_never_having_read(leaky(), random_tokens<double>(2, 12, 3),
                                {.max_tokens = 6, .checkpoint_every = checkpoint_every});
}

TEST_CASE("a rollback goes back to the first token at most, or so many before the furthest", "[layers]") {
  const auto layer = leaky();
  Rollback reader(layer, layer.initial_state(1), {.max_tokens = 4, .checkpoint_every = 2});
  CHECK(reader.available() == 0);
  CHECK_THROWS_WITH(reader.rollback(1), "rollback: expected a value in [0, 0], got 1");
  const Tensor<double, 3> x = random_tokens<double>(1, 3, 3);
  (void)reader.forward(x);
  CHECK(reader.available() == 3);
  CHECK_THROWS_WITH(reader.rollback(-1), "rollback: expected a value in [0, 3], got -1");
  for (int i = 0; i < 4; ++i) (void)reader.forward(x);
  CHECK(reader.position() == 15);
  CHECK(reader.available() == 4);
  auto fork = reader.state();
  CHECK_THROWS_WITH(reader.rollback(5), "rollback: expected a value in [0, 4], got 5");
  const View<const double, 2> token(x.data(), {1, 3});
  CHECK(identical(reader.step(token), layer.step(token, fork)));  // nothing was changed
  reader.rollback(4);
  CHECK(reader.position() == 12);
  CHECK(reader.available() == 3);  // to the copy that the furthest token, 16, needed
}

TEST_CASE("a Rollback's memory does not grow with the text", "[layers]") {
  const auto layer = leaky();
  const RollbackConfig config{.max_tokens = 8, .checkpoint_every = 4};
  Rollback reader(layer, layer.initial_state(1), config);
  const Tensor<double, 2> token = random_tokens<double>(1, 1, 3).reshape(Eigen::array<Index, 2>{1, 3});
  Index most = 0, late = 0;
  for (Index t = 0; t < 300; ++t) {
    (void)reader.step(token);
    most = std::max(most, reader.bytes());
    if (t >= 200) late = std::max(late, reader.bytes());
  }
  const Index state = state_bytes(reader.state()), tokens = 8 + 2 * 4;
  CHECK(state == 3 * 8);
  CHECK(most == late);
  CHECK(most <= (8 / 4 + 3) * state + tokens * 3 * 8);
}

TEST_CASE("a Rollback refuses sizes that mean nothing", "[layers]") {
  const auto layer = leaky();
  CHECK_THROWS_WITH(Rollback(layer, layer.initial_state(1), {.max_tokens = -1}), "max_tokens: expected at least 0, got -1");
  CHECK_THROWS_WITH(Rollback(layer, layer.initial_state(1), {.checkpoint_every = 0}),
                    "checkpoint_every: expected at least 1, got 0");
}

}  // namespace deltanet::test
