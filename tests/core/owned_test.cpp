#include "deltanet/core/owned.hpp"

#include "deltanet/core/tensor.hpp"
#include "support/catch.hpp"

using namespace deltanet;

TEST_CASE("matrices and tensors are values: copies are deep, moves leave nothing", "[core]") {
  Matrix<double> a{{1, 2}, {3, 4}};
  Matrix<double> b = a;
  b(0, 0) = 7;
  CHECK(a(0, 0) == 1);
  const double* const data = b.data();
  Matrix<double> c = std::move(b);
  CHECK((c.data() == data && c(0, 0) == 7 && b.size() == 0));
  a = std::move(c);
  CHECK((a.data() == data && a.rows() == 2));
  a = *&a;
  CHECK(a(1, 1) == 4);

  Tensor<float, 2> x(2, 3);
  x.setConstant(2);
  Tensor<float, 2> y = x, z;
  y(1, 2) = 5;
  CHECK((x(1, 2) == 2 && y(1, 2) == 5));
  z = std::move(y);
  CHECK((z(1, 2) == 5 && z.dimension(1) == 3));
  CHECK(Tensor<float, 2>(std::move(z)).size() == 6);
  CHECK(z.size() == 0);
}

TEST_CASE("they convert from Eigen's expressions and to Eigen's types", "[core]") {
  const EigenMatrix<double> plain = EigenMatrix<double>::Constant(3, 2, 2);
  Matrix<double> m = plain * 2;
  CHECK(m == EigenMatrix<double>::Constant(3, 2, 4));
  const EigenMatrix<double> back = m;
  CHECK(back == m);
  Vector<double> v = m.col(0);
  CHECK((v.size() == 3 && v.sum() == 12));
  v.setOnes(2);
  CHECK(v.sum() == 2);

  EigenTensor<float, 2> tensor(2, 2);
  tensor.setConstant(3);
  Tensor<float, 2> t = tensor + tensor;
  const Tensor<float, 2> difference = t - tensor;
  CHECK((t(1, 1) == 6 && difference(0, 1) == 3));
  const EigenTensor<float, 2> copy = t;
  CHECK(copy(0, 0) == 6);
  const Tensor<double, 2> wide = t.cast<double>();
  CHECK(wide(1, 0) == 6);
}

TEST_CASE("they stand on either side of Eigen's operators, as variables of their own", "[core]") {
  Tensor<double, 2> a(2, 3), b(2, 3);
  a.setConstant(1);
  b.setConstant(2);
  const Tensor<double, 2> sum = a + b, product = a * b, joined = a.concatenate(b, 0);
  CHECK((sum(1, 2) == 3 && product(0, 1) == 2));
  CHECK((joined.dimension(0) == 4 && joined(1, 0) == 1 && joined(2, 0) == 2));
  STATIC_REQUIRE(std::is_same_v<decltype((a + b).rhsExpression()), const Tensor<double, 2>&>);
}

TEST_CASE("an assignment may read what it writes, whatever the sizes", "[core]") {
  Matrix<double> m{{1, 2, 3}, {4, 5, 6}};
  m = m.transpose() * m;
  CHECK((m.rows() == 3 && m(0, 0) == 17 && m(2, 1) == 36));
  m = m.topRows(2).eval();
  CHECK((m.rows() == 2 && m(1, 0) == 22));
  Tensor<double, 3> x(2, 1, 2);
  x.setValues({{{1, 2}}, {{3, 4}}});
  x = x.shuffle(Eigen::array<int, 3>{2, 1, 0});
  CHECK((x(0, 0, 1) == 3 && x(1, 0, 0) == 2));
}

TEST_CASE("a resize to as many numbers keeps them", "[core]") {
  Matrix<float> m{{1, 2}, {3, 4}};
  const float* const data = m.data();
  m.resize(4, 1);
  CHECK((m.data() == data && m(3, 0) == 4));
  m.resize(0, 5);
  CHECK((m.size() == 0 && m.cols() == 5 && m.data() == nullptr));
}

TEST_CASE("a constant tensor can only be read", "[core]") {
  using Fixed = const Tensor<float, 3>;
  STATIC_REQUIRE(std::is_same_v<decltype(std::declval<Fixed&>().data()), const float*>);
  STATIC_REQUIRE(std::is_same_v<decltype(std::declval<Fixed&>()(0, 0, 0)), const float&>);
  STATIC_REQUIRE(std::is_constructible_v<View<const float, 3>, Fixed&>);
  STATIC_REQUIRE_FALSE(std::is_constructible_v<View<float, 3>, Fixed&>);
  using FixedMatrix = const Matrix<float>;
  STATIC_REQUIRE(std::is_same_v<decltype(std::declval<FixedMatrix&>().data()), const float*>);
}
