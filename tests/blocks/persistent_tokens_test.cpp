#include "deltanet/blocks/persistent_tokens.hpp"

#include "support/catch.hpp"

using namespace deltanet;

TEST_CASE("every sequence begins with the persistent tokens", "[blocks]") {
  Tensor<double, 3> x(1, 3, 2);
  x.setValues({{{1, 2}, {3, 4}, {5, 6}}});
  const Matrix<double> p = (Matrix<double>(1, 2) << 8, 9).finished();
  const WithPersistentTokens<double> joined(1, x.dimensions(), Sequences{{0, 2, 2, 3}});
  CHECK(joined.sequences().cu_seqlens == std::vector<Index>{0, 3, 4, 6});
  const Tensor<double, 3> z = joined.join(p, x);
  CHECK(rows(z) == (Matrix<double>(6, 2) << 8, 9, 1, 2, 3, 4, 8, 9, 8, 9, 5, 6).finished());
  CHECK(rows(joined.own(z)) == rows(std::as_const(x)));

  // the gradients are the transposes: <join(p, x), z> = <p, dp> + <x, dx>
  Matrix<double> dp = Matrix<double>::Zero(1, 2);
  const Tensor<double, 3> dx = joined.join_backward(z, dp);
  CHECK(rows(z).squaredNorm() == p.cwiseProduct(dp).sum() + rows(std::as_const(x)).cwiseProduct(rows(dx)).sum());
  const Tensor<double, 3> spread = joined.spread(x);
  CHECK(rows(joined.own(spread)) == rows(std::as_const(x)));
  CHECK(rows(spread).squaredNorm() == rows(std::as_const(x)).squaredNorm());
}

TEST_CASE("rows of a batch begin with the persistent tokens too", "[blocks]") {
  Tensor<double, 3> x(2, 2, 1);
  x.setValues({{{1}, {2}}, {{3}, {4}}});
  const WithPersistentTokens<double> joined(1, x.dimensions(), {});
  const Tensor<double, 3> z = joined.join(Matrix<double>::Constant(1, 1, 9), x);
  CHECK(rows(z) == (Matrix<double>(6, 1) << 9, 1, 2, 9, 3, 4).finished());
  CHECK(joined.own(z).dimensions() == x.dimensions());
}

TEST_CASE("there may be no persistent tokens, but not fewer", "[blocks]") {
  CHECK_FALSE(persistent_tokens<float>(0, 4));
  CHECK(view_of(persistent_tokens<float>(0, 4)).absent());
  CHECK_THROWS_WITH(persistent_tokens<float>(-1, 4), "num_persistent_tokens: expected at least 0, got -1");
}
