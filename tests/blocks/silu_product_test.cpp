#include "deltanet/blocks/silu_product.hpp"

#include "deltanet/core/random.hpp"
#include "support/catch.hpp"
#include "support/finite_differences.hpp"
#include "support/tolerance.hpp"

TEST_CASE("the gradients of a product of two silus are differences", "[blocks]") {
  using namespace deltanet;
  Tensor<double, 3> a(2, 3, 4), b = a, dy = a, da, db;
  Random random(1);
  for (auto* x : {&a, &b, &dy}) random.fill_normal(*x);
  CHECK(silu_product(a, b)(1, 2, 3) == Catch::Approx(a(1, 2, 3) * sigmoid(a(1, 2, 3)) * b(1, 2, 3) * sigmoid(b(1, 2, 3))));
  silu_product_backward(a, b, dy, da, db);
  const auto loss = [&] { return rows(silu_product(a, b)).cwiseProduct(rows(dy)).sum(); };
  CHECK(test::finite_difference_error_of(a, da, loss).worst < test::finite_difference_error);
  CHECK(test::finite_difference_error_of(b, db, loss).worst < test::finite_difference_error);
}
