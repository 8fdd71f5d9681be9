#include "deltanet/memory/scalar_decay.hpp"

#include "laws/decay_laws.hpp"

using namespace deltanet;

TEST_CASE("a window of ScalarDecay is forgetting token by token") {
  for (const Index n : {1, 3, 8}) test::check_window_is_forgetting<ScalarDecay>(n);
}

TEST_CASE("a window of ScalarDecay has the gradients of finite differences") {
  for (const Index n : {1, 3, 8}) test::check_window_gradients<ScalarDecay>(n);
}

TEST_CASE("a gate above zero is taken for a decay that is not in log space, and refused") {
  Tensor<float, 3> g(1, 2, 1);
  g.setConstant(-0.1f);
  CHECK_NOTHROW(ScalarDecay::expect_gate(View<const float, 3>(g)));
  g(0, 1, 0) = 0.9f;
  CHECK_THROWS_WITH(ScalarDecay::expect_gate(View<const float, 3>(g)),
                    "g: expected the logarithm of a decay, at most 0, got 0.9 at flat index 1");
  g(0, 1, 0) = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_AS(ScalarDecay::expect_gate(View<const float, 3>(g)), std::invalid_argument);
}

TEST_CASE("a decay of zero, g = -infinity, forgets everything and gives no NaN") {
  using T = float;
  Matrix<T> x = Matrix<T>::Ones(6, padded<T>(2)), dx = Matrix<T>::Zero(6, padded<T>(2)), dw = dx;
  x.rightCols(x.cols() - 2).setZero();
  const Vector<T> g = Vector<T>::Constant(3, -std::numeric_limits<T>::infinity());
  Vector<T> dg = Vector<T>::Zero(3);
  Chunk<T> chunk(3, 2), d(3, 2);
  d.reads.setOnes();
  d.pairs.setOnes();
  d.writes.setOnes();
  d.carry.setOnes();
  ScalarDecay::Window<T> window(3, 2);
  window.assign({g.data(), 1}, 0, 3);
  window.build(x, x, T(1), chunk);
  window.backward(x, x, T(1), chunk, d, dx, dw);
  window.gate_backward({dg.data(), 1}, 0);
  CHECK(chunk.carry.isZero());
  CHECK(chunk.reads.isZero());
  CHECK(dx.allFinite());
  CHECK(dw.allFinite());
  CHECK(dg.isZero());
}
