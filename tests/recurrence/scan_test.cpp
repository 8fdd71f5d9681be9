#include "deltanet/recurrence/scan.hpp"

#include "deltanet/recurrence/chunked.hpp"
#include "support/catch.hpp"
#include "support/random_inputs.hpp"
#include "support/tolerance.hpp"

using namespace deltanet;

TEST_CASE("the options' defaults are those of the papers") {
  const test::RandomInputs<DeltaRule, double> inputs({.K = 16});
  const auto plain = chunked(inputs.in());
  CHECK(test::identical(plain.o, chunked(inputs.in(), {.scale = 0.25}).o));
  const Tensor<double, 4> zero = zeros<double>(2, 4, 16, 20);
  CHECK(test::identical(plain.o, chunked(inputs.in(), {.initial_state = zero}).o));
}

TEST_CASE("a caller's own buffer is read where it is") {
  const test::RandomInputs<DeltaRule, float> inputs({.B = 1, .T = 3, .H = 1, .HV = 1, .K = 2, .V = 2, .N = 1});
  auto in = inputs.in();
  CHECK(in.q.data == inputs.owned.q.data());
  const Eigen::TensorMap<const EigenTensor<float, 4>> map(inputs.owned.v.data(), 1, 3, 1, 2);
  in.v = map;
  CHECK(in.v.data == inputs.owned.v.data());
}
