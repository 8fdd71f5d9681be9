#include "deltanet/layers/time_step.hpp"

#include "support/catch.hpp"

namespace deltanet::test {

TEST_CASE("time steps begin between 0.001 and 0.1, evenly in their logarithm", "[layers]") {
  Vector<float> dt_bias(1000);
  Random random(1);
  initialize_time_step(dt_bias, random);
  const Vector<float> dt = dt_bias.array().exp().log1p();
  CHECK(dt.minCoeff() >= 0.99e-3f);
  CHECK(dt.maxCoeff() <= 1.01e-1f);
  CHECK(dt.array().log().mean() == Catch::Approx(std::log(1e-2)).epsilon(0.05));
}

}  // namespace deltanet::test
