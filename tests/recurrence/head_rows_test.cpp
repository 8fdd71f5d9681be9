#include "deltanet/recurrence/head_rows.hpp"

#include "support/catch.hpp"

TEST_CASE("the rows of a head are those of its sequence's tokens", "[recurrence]") {
  using namespace deltanet;
  Tensor<double, 4> x(2, 3, 2, 2);
  for (Index i = 0; i < x.size(); ++i) x.data()[i] = static_cast<double>(i);
  const auto head = detail::head_rows(x.data(), x.dimensions(), {3, 6}, 1);  // sequence 1 of two
  REQUIRE(head.rows() == 3);
  for (Index t = 0; t < 3; ++t)
    for (Index d = 0; d < 2; ++d) CHECK(head(t, d) == x(1, t, 1, d));
  CHECK(detail::head_rows(std::as_const(x).data(), x.dimensions(), {4, 4}, 0).rows() == 0);
}
