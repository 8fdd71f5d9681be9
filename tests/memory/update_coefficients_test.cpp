#include "deltanet/memory/update_coefficients.hpp"

#include "deltanet/core/random.hpp"
#include "deltanet/memory/titans_update.hpp"
#include "deltanet/memory/ttt_update.hpp"
#include "support/catch.hpp"

using namespace deltanet;

namespace {

/// The coefficients of C tokens say what their steps do to one weight, and where Z ends.
template <class Update>
void coefficients_are_steps(bool completes) {
  constexpr Index C = 5;
  Random random(1);
  typename Update::template Tokens<double, Rows<const double>, Rows<const double>> in;
  Matrix<double> gates(3, C);
  random.fill_uniform(gates, 0, 1);
  in.theta = {gates.row(0).data(), 1};
  if constexpr (Update::from_start) {
    in.rate = {gates.row(1).data(), 1};
  } else {
    gates.row(1) = -gates.row(1);
    in.g = {gates.row(1).data(), 1};
    in.eta = {gates.row(2).data(), 1};
  }
  Vector<double> gradients(C), start(1), W(1), Z(1);
  random.fill_normal(gradients);
  start[0] = 0.4;
  W[0] = 0.7;
  Z[0] = -0.3;
  const double base = Update::from_start ? start[0] : W[0], Z0 = Z[0];
  const Vector<double> writes = -gates.row(0).transpose().cwiseProduct(gradients);

  typename Update::template Window<double> window(C);
  UpdateCoefficients<double> by(C);
  window.assign(in, 0, C, completes, by);
  for (Index t = 0; t < C; ++t) {
    Update::step(in, t, Vector<double>(gradients.segment(t, 1)), start, Z, W, completes && t == C - 1);
    const double expected = by.A[t] * base + by.B[t] * Z0 + by.G.row(t).head(t + 1).dot(writes.head(t + 1));
    CHECK(W[0] == Catch::Approx(expected).epsilon(1e-14));
  }
  CHECK(Z[0] == Catch::Approx(by.N0 * Z0 + by.N.dot(writes)).epsilon(1e-14));
}

}  // namespace

TEST_CASE("the coefficients of Titans' update and of test-time training are what their steps do") {
  for (const bool completes : {false, true}) {
    coefficients_are_steps<TitansUpdate>(completes);
    coefficients_are_steps<TTTUpdate>(completes);
  }
}
