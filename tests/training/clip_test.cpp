#include "deltanet/training/clip.hpp"

#include <limits>

#include "support/catch.hpp"
#include "training/toy_parameters.hpp"

using namespace deltanet;
using test::toy_parameters;
using test::ToyParameters;

TEST_CASE("gradients above the norm are scaled down to it, all by one factor", "[clip]") {
  ToyParameters<double> gradients{Matrix<double>::Constant(1, 1, 3.0), Vector<double>::Constant(1, -4.0)};
  CHECK(clip_global_norm(gradients, 1) == Catch::Approx(5));
  CHECK(gradients.weight(0, 0) == Catch::Approx(0.6));
  CHECK(gradients.gate[0] == Catch::Approx(-0.8));
}

TEST_CASE("gradients within the norm are left alone", "[clip]") {
  auto gradients = toy_parameters<float>(2, 3, 1);
  const auto before = gradients;
  CHECK(clip_global_norm(gradients, 100) == global_norm(before));
  CHECK(gradients.weight == before.weight);
  CHECK(gradients.gate == before.gate);
}

TEST_CASE("a norm that is not finite is returned and nothing is scaled", "[clip]") {
  ToyParameters<double> gradients{Matrix<double>::Constant(1, 1, 3.0), Vector<double>::Constant(1, 1e200)};
  CHECK(clip_global_norm(gradients, 1) == std::numeric_limits<double>::infinity());
  CHECK(gradients.weight(0, 0) == 3);
  gradients.gate[0] = std::numeric_limits<double>::quiet_NaN();
  CHECK(std::isnan(clip_global_norm(gradients, 1)));
  CHECK(gradients.weight(0, 0) == 3);
}

TEST_CASE("the global norm is the same to the last bit for any number of threads", "[clip]") {
  const auto gradients = toy_parameters<float>(317, 211, 1);
  const int threads = num_threads();
  set_num_threads(1);
  const double one = global_norm(gradients);
  CHECK(one ==
        Catch::Approx(std::sqrt(gradients.weight.cast<double>().squaredNorm() + gradients.gate.cast<double>().squaredNorm())));
  for (const int count : {2, 3}) {
    set_num_threads(count);
    CHECK(global_norm(gradients) == one);
  }
  set_num_threads(threads);
}

TEST_CASE("clipping to no norm at all is refused", "[clip]") {
  auto gradients = toy_parameters<float>(1, 1, 1);
  CHECK_THROWS_WITH(clip_global_norm(gradients, 0), "max_norm: expected a positive number, got 0");
}
