#include "deltanet/recurrence/value_block.hpp"

#include "support/catch.hpp"

using namespace deltanet;

TEST_CASE("rows of values come back from the panels as they went in, slice by slice") {
  constexpr Index W = Lanes<float>::panel, V = 2 * W + 3;
  const Matrix<float> rows = Matrix<float>::Random(4, V);
  Matrix<float> back = Matrix<float>::Zero(4, V);
  for (const auto& [first, end] : {std::pair<Index, Index>{0, 1}, {1, 3}}) {
    detail::ValueBlock<float> block(4, first, end, V);
    for (Index t = 0; t < 4; ++t) block.load(t, rows.row(t).data());
    CHECK(block.rows(first, 2)[0] == rows(2, first * W));
    for (Index t = 0; t < 4; ++t) block.store(t, back.row(t).data());
  }
  CHECK(rows == back);
}
