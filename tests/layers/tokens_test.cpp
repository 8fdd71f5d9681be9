#include "deltanet/layers/tokens.hpp"

#include <vector>

#include "support/catch.hpp"

namespace deltanet::test {

TEST_CASE("row pieces cover every row once", "[layers]") {
  const Index rows = GENERATE(0, 1, 7, 1000), width = GENERATE(1, 100, 5000, 50000);
  std::vector<int> visits(static_cast<std::size_t>(rows));
  const deltanet::detail::RowPieces pieces(rows, width);
  pieces.for_each([&](Index piece, Index first, Index count) {
    CHECK(piece < pieces.count());
    for (Index i = first; i < first + count; ++i) ++visits[static_cast<std::size_t>(i)];
  });
  CHECK(visits == std::vector<int>(static_cast<std::size_t>(rows), 1));
}

TEST_CASE("ranges cover every entry once", "[layers]") {
  const Index size = GENERATE(0, 1, 100000);
  std::vector<int> visits(static_cast<std::size_t>(size));
  deltanet::detail::for_each_range(size, [&](Index begin, Index count) {
    for (Index i = begin; i < begin + count; ++i) ++visits[static_cast<std::size_t>(i)];
  });
  CHECK(visits == std::vector<int>(static_cast<std::size_t>(size), 1));
}

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
