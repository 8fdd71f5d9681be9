#include "deltanet/recurrence/sequential.hpp"

#include "support/catch.hpp"
#include "support/random_inputs.hpp"
#include "support/tolerance.hpp"

using namespace deltanet;
using test::RandomInputs;

namespace {

/// The equations once more, as plainly as they can be written, for one head of one sequence.
Tensor<double, 4> by_hand(const RandomInputs<GatedDeltaRule, double>& x, Index tokens, Index K, Index V) {
  Matrix<double> S = Matrix<double>::Zero(K, V);
  Tensor<double, 4> o(1, tokens, 1, V);
  for (Index t = 0; t < tokens; ++t) {
    S *= std::exp(x.owned.g(0, t, 0));
    for (Index v = 0; v < V; ++v) {
      double prediction = 0, read = 0;
      for (Index k = 0; k < K; ++k) prediction += x.owned.k(0, t, 0, k) * S(k, v);
      for (Index k = 0; k < K; ++k)
        S(k, v) += x.owned.beta(0, t, 0) * x.owned.k(0, t, 0, k) * (x.owned.v(0, t, 0, v) - prediction);
      for (Index k = 0; k < K; ++k) read += x.owned.q(0, t, 0, k) * S(k, v);
      o(0, t, 0, v) = read / std::sqrt(static_cast<double>(K));
    }
  }
  return o;
}

}  // namespace

TEST_CASE("the definition is the equation, written with loops") {
  const RandomInputs<GatedDeltaRule, double> inputs({.B = 1, .T = 9, .H = 1, .HV = 1, .K = 5, .V = 3, .N = 1});
  CHECK(test::relative_error(sequential(inputs.in()).o, by_hand(inputs, 9, 5, 3)) < test::rounding<double>(5));
}

TEST_CASE("value heads read the key head of their group") {
  const test::Sizes sizes{.B = 1, .T = 5, .H = 2, .HV = 6, .K = 4, .V = 3, .N = 1};
  const RandomInputs<DeltaRule, double> inputs(sizes);
  const auto grouped = sequential(inputs.in());
  Tensor<double, 4> q(1, 5, 6, 4), k(1, 5, 6, 4);
  for (Index h = 0; h < 6; ++h) {
    q.chip(h, 2) = inputs.owned.q.chip(h / 3, 2);
    k.chip(h, 2) = inputs.owned.k.chip(h / 3, 2);
  }
  auto repeated = inputs.in();
  repeated.q = q;
  repeated.k = k;
  CHECK(test::identical(grouped.o, sequential(repeated).o));
}

TEST_CASE("no tokens leave the initial state as it is") {
  const RandomInputs<GatedDeltaRule, float> inputs({.T = 0});
  const auto result = sequential(inputs.in(), {.initial_state = inputs.initial_state});
  CHECK(result.o.size() == 0);
  CHECK(test::identical(result.final_state, inputs.initial_state));
  const auto d = sequential_backward(inputs.in(), inputs.cotangents(), {.initial_state = inputs.initial_state});
  CHECK(test::identical(d.initial_state, inputs.dfinal_state));
}

TEST_CASE("scale multiplies the outputs and nothing else") {
  const RandomInputs<DeltaRule, double> inputs({});
  const auto one = sequential(inputs.in(), {.scale = 1.0}), two = sequential(inputs.in(), {.scale = 2.0});
  const Tensor<double, 4> doubled = 2.0 * one.o;
  CHECK(test::relative_error(two.o, doubled) < test::rounding<double>(1));
  CHECK(test::identical(one.final_state, two.final_state));
}
