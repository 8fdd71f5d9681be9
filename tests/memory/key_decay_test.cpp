#include "deltanet/memory/key_decay.hpp"

#include "laws/dynamics_laws.hpp"

using namespace deltanet;

TEST_CASE("KeyDecay keeps the laws of a dynamics") { test::dynamics_laws<KeyDecay>(); }

TEST_CASE("decays of 0 and 1 side by side in one token give no NaN") {
  test::DynamicsCase<KeyDecay> c(8);
  for (Index i = 0; i < c.g.size(); ++i) c.g[i] = i % 3 == 0 ? -std::numeric_limits<double>::infinity() : i % 3 == 1 ? 0 : -70;
  const Chunk<double> chunk = c.build();
  CHECK(chunk.reads.allFinite());
  CHECK(chunk.pairs.allFinite());
  CHECK(chunk.writes.allFinite());
  CHECK(chunk.carry.allFinite());
}
