#include "deltanet/memory/responses.hpp"

#include "deltanet/core/random.hpp"
#include "support/catch.hpp"
#include "support/finite_differences.hpp"
#include "support/tolerance.hpp"

using namespace deltanet;

namespace {

constexpr Index capacity = 6;

Vector<double> random_gates(std::uint64_t seed) {
  Vector<double> gates(capacity);
  Random(seed).fill_uniform(gates, 0, 1);
  return gates;
}

}  // namespace

TEST_CASE("responses say what a memory with momentum is after each token") {
  const Vector<double> alpha = random_gates(1), eta = random_gates(2);
  Vector<double> writes(capacity);
  Random(3).fill_normal(writes);
  Responses<double> at(capacity);
  at.build(alpha, eta, capacity);
  const double S0 = 0.7, Z0 = -1.3;
  double S = S0, Z = Z0;
  for (Index t = 0; t < capacity; ++t) {
    Z = eta[t] * Z + writes[t];
    S = alpha[t] * S + Z;
    CHECK(S == Catch::Approx(at.A[t + 1] * S0 + at.B[t + 1] * Z0 + at.G.row(t + 1).head(capacity).dot(writes)).epsilon(1e-14));
    CHECK(Z == Catch::Approx(at.N0[t + 1] * Z0 + at.N.row(t + 1).head(capacity).dot(writes)).epsilon(1e-14));
  }
}

TEST_CASE("the gradients of responses are differences, for fewer tokens than there is room for too") {
  for (const Index n : {capacity, capacity - 2}) {
    Vector<double> alpha = random_gates(1), eta = random_gates(2);
    Responses<double> at(capacity), weights(capacity);
    Random random(3);
    const auto fill = [&](auto&... parts) { (random.fill_normal(parts), ...); };
    fill(weights.A, weights.B, weights.N0, weights.G, weights.N);
    const auto loss = [&] {
      at.build(alpha, eta, n);
      double sum = 0;
      for (Index i = 1; i <= n; ++i) {
        sum += at.A[i] * weights.A[i] + at.B[i] * weights.B[i] + at.N0[i] * weights.N0[i];
        sum += at.G.row(i).head(i).dot(weights.G.row(i).head(i)) + at.N.row(i).head(i).dot(weights.N.row(i).head(i));
      }
      return sum;
    };
    (void)loss();
    Responses<double> d = weights;
    for (auto* matrix : {&d.G, &d.N}) matrix->row(0).setZero();
    d.A[0] = d.B[0] = d.N0[0] = 0;
    Vector<double> dalpha = Vector<double>::Zero(capacity), deta = Vector<double>::Zero(capacity);
    at.backward(alpha, eta, n, d, dalpha, deta);
    CHECK(test::finite_difference_error_of(alpha, dalpha, loss).worst < test::finite_difference_error);
    CHECK(test::finite_difference_error_of(eta, deta, loss).worst < test::finite_difference_error);
  }
}
