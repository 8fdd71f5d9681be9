#include "deltanet/core/random.hpp"

#include "support/catch.hpp"

using namespace deltanet;

TEST_CASE("a seed gives the same numbers everywhere") {
  Random random(42);
  CHECK(random.uniform() == Catch::Approx(0.75515553295453897).epsilon(1e-15));
  Random again(42);
  CHECK(again.uniform() != again.uniform());
}

TEST_CASE("uniform and normal numbers have the moments of their distributions") {
  Random random(7);
  const Index n = 200000;
  Vector<double> u(n), z(n);
  random.fill_uniform(u, -1, 3);
  random.fill_normal(z, 2);
  CHECK(u.minCoeff() >= -1);
  CHECK(u.maxCoeff() < 3);
  CHECK(u.mean() == Catch::Approx(1).margin(0.02));
  CHECK(z.mean() == Catch::Approx(0).margin(0.03));
  CHECK(z.squaredNorm() / n == Catch::Approx(4).epsilon(0.02));
  CHECK(z.allFinite());
}

TEST_CASE("below covers its range") {
  Random random(1);
  Vector<double> counts = Vector<double>::Zero(5);
  for (int i = 0; i < 5000; ++i) counts[random.below(5)] += 1;
  CHECK(counts.minCoeff() > 850);
}
