#include "deltanet/core/row_products.hpp"

#include "deltanet/core/random.hpp"
#include "support/catch.hpp"
#include "support/tolerance.hpp"

using namespace deltanet;

TEMPLATE_TEST_CASE("products of rows with rows are what they stand for, and do not depend on how many there are", "", float,
                   double) {
  using T = TestType;
  constexpr Index size = Lanes<T>::size;
  for (const Index packets : {1, 2, 5}) {
    const Index width = packets * size, most = 2 * size;
    Random random(1);
    Matrix<T> x(3, width), w(most, width), all(3, most);
    random.fill_normal(x);
    random.fill_normal(w);
    row_products<T>(3, most, width, x.data(), width, w.data(), width, all.data(), most);
    CHECK(test::relative_error(all, Matrix<T>(x * w.transpose())) < test::rounding<T>(width));
    for (Index n = 1; n < most; ++n) {
      Matrix<T> some = Matrix<T>::Constant(3, most, std::numeric_limits<T>::quiet_NaN());
      row_products<T>(2, n, width, x.data(), width, w.data(), width, some.data(), most);
      CHECK(test::identical(Matrix<T>(some.topLeftCorner(2, n)), Matrix<T>(all.topLeftCorner(2, n))));
      CHECK(std::isnan(some(2, 0)));
    }
  }
}
