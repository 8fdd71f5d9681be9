#include "deltanet/layers/tokens.hpp"

#include "support/catch.hpp"

namespace deltanet::test {

TEST_CASE("what is kept is a copy, in the same memory when the size is the same", "[layers]") {
  Tensor<float, 3> x(2, 3, 4), kept;
  x.setRandom();
  deltanet::detail::keep<float>(x, kept);
  const float* memory = kept.data();
  x.setConstant(3);
  deltanet::detail::keep<float>(x, kept);
  CHECK(kept.data() == memory);
  CHECK(rows(kept) == rows(x));
  CHECK(kept.data() != x.data());
}

TEST_CASE("tokens are added entry by entry", "[layers]") {
  Tensor<double, 3> x(3, 100, 70), y = x;
  x.setConstant(2);
  y.setConstant(1);
  deltanet::detail::add_to(y, x);
  CHECK((rows(y).array() == 3).all());
}

}  // namespace deltanet::test
