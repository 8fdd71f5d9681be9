#include "deltanet/memory/scalar_decay.hpp"

#include "laws/dynamics_laws.hpp"

using namespace deltanet;

TEST_CASE("ScalarDecay keeps the laws of a dynamics, predicting from either state") {
  test::dynamics_laws<ScalarDecay>();
  test::dynamics_laws<BasicScalarDecay<PredictedFrom::previous>>();
}

TEST_CASE("a gate above zero is taken for a decay that is not in log space, and refused") {
  Tensor<float, 3> g(1, 2, 1);
  g.setConstant(-0.1f);
  CHECK_NOTHROW(expect_log_decay(View<const float, 3>(g)));
  g(0, 1, 0) = 0.9f;
  CHECK_THROWS_WITH(expect_log_decay(View<const float, 3>(g)),
                    "g: expected the logarithm of a decay, at most 0, got 0.9 at flat index 1");
  g(0, 1, 0) = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_AS(expect_log_decay(View<const float, 3>(g)), std::invalid_argument);
}

TEST_CASE("a decay of zero, g = -infinity, forgets everything and gives no NaN") {
  test::DynamicsCase<ScalarDecay> c(3);
  c.g.setConstant(-std::numeric_limits<double>::infinity());
  Chunk<double> chunk(c.C, c.rows), d(c.C, c.rows);
  d.reads.setOnes();
  d.pairs.setOnes();
  d.writes.setOnes();
  d.carry.setOnes();
  ScalarDecay::Window<double> window(c.C, c.K);
  c.build(window, chunk);
  Matrix<double> dx = Matrix<double>::Zero(c.x.rows(), c.x.cols()), dw = dx;
  Vector<double> dg = Vector<double>::Zero(c.g.size()), deta = dg;
  window.backward(c.x, c.w, c.scale, chunk, d, dx, dw);
  window.gates_backward(c.gates<double>(dg, deta), 0);
  CHECK(chunk.carry.isZero());
  CHECK(chunk.reads.isZero());
  CHECK(dx.allFinite());
  CHECK(dw.allFinite());
  CHECK(dg.isZero());
}
