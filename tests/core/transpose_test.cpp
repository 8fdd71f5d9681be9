#include "deltanet/core/transpose.hpp"

#include "support/catch.hpp"

using namespace deltanet;

TEMPLATE_TEST_CASE("transposing moves every entry and touches no other", "", float, double) {
  using T = TestType;
  for (const Index rows : {1, 7, 8, 16, 19})
    for (const Index columns : {1, 8, 13, 32}) {
      const Matrix<T> from = Matrix<T>::Random(rows, columns + 2);
      Matrix<T> to = Matrix<T>::Zero(columns, rows + 3);
      transpose(rows, columns, from.data(), from.cols(), to.data(), to.cols());
      CHECK(to.leftCols(rows) == from.leftCols(columns).transpose());
      CHECK(to.rightCols(3).isZero(0));
    }
}
