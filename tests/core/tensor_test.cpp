#include "deltanet/core/tensor.hpp"

#include "support/catch.hpp"

using namespace deltanet;

TEST_CASE("a view reads and writes the tensor it was made from") {
  Tensor<float, 3> x(2, 3, 4);
  x.setZero();
  const View<float, 3> view(x);
  view.data[5] = 7;
  CHECK(x(0, 1, 1) == 7);
  CHECK(view.shape == std::array<Index, 3>{2, 3, 4});
  CHECK(View<const float, 3>(view).data == x.data());
}

TEST_CASE("a view wraps a caller's buffer through Eigen's maps") {
  const float numbers[6] = {1, 2, 3, 4, 5, 6};
  const Eigen::TensorMap<const EigenTensor<float, 2>> map(numbers, 2, 3);
  const View<const float, 2> view(map);
  CHECK(view.data == numbers);
  CHECK(view.rows()(1, 0) == 4);
}

TEST_CASE("only a default view is absent; a tensor of no tokens is not") {
  CHECK(View<float, 3>().absent());
  Tensor<float, 3> none(2, 0, 4);
  CHECK_FALSE(View<float, 3>(none).absent());
  CHECK(View<float, 3>(none).size() == 0);
  CHECK(View<float, 3>(none).rows().rows() == 0);
}

TEST_CASE("rows are all axes but the last") {
  Tensor<double, 3> x(2, 3, 4);
  x.setConstant(1);
  rows(x)(5, 3) = 9;
  CHECK(x(1, 2, 3) == 9);
  CHECK(rows(static_cast<const Tensor<double, 3>&>(x)).rows() == 6);
}

TEST_CASE("a segment has a size the compiler knows where its count is a constant") {
  float data[] = {1, 2, 3, 4, 5};
  const auto fixed = segment(data + 1, std::integral_constant<Index, 3>{});
  const auto dynamic = segment(static_cast<const float*>(data) + 1, Index(3));
  STATIC_REQUIRE(decltype(fixed)::SizeAtCompileTime == 3);
  STATIC_REQUIRE(decltype(dynamic)::SizeAtCompileTime == Eigen::Dynamic);
  CHECK(fixed == dynamic);
}
