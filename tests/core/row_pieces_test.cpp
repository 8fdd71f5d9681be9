#include "deltanet/core/row_pieces.hpp"

#include <vector>

#include "support/catch.hpp"

namespace deltanet::test {

TEST_CASE("row pieces cover every row once", "[core]") {
  const Index rows = GENERATE(0, 1, 7, 1000), width = GENERATE(1, 100, 5000, 50000);
  std::vector<int> visits(static_cast<std::size_t>(rows));
  const detail::RowPieces pieces(rows, width);
  pieces.for_each([&](Index piece, Index first, Index count) {
    CHECK(piece < pieces.count());
    for (Index i = first; i < first + count; ++i) ++visits[static_cast<std::size_t>(i)];
  });
  CHECK(visits == std::vector<int>(static_cast<std::size_t>(rows), 1));
}

TEST_CASE("ranges cover every entry once", "[core]") {
  const Index size = GENERATE(0, 1, 100000);
  std::vector<int> visits(static_cast<std::size_t>(size));
  detail::for_each_range(size, [&](Index begin, Index count) {
    for (Index i = begin; i < begin + count; ++i) ++visits[static_cast<std::size_t>(i)];
  });
  CHECK(visits == std::vector<int>(static_cast<std::size_t>(size), 1));
}

}  // namespace deltanet::test
