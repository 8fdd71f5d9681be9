#include "deltanet/blocks/token_ranges.hpp"

#include "deltanet/core/zeros.hpp"
#include "support/catch.hpp"

TEST_CASE("ranges of tokens are packed in order, and put back in their places", "[blocks]") {
  using namespace deltanet;
  Tensor<double, 3> x(2, 4, 3);
  for (Index i = 0; i < x.size(); ++i) x.data()[i] = static_cast<double>(i);
  const detail::PoolVector<detail::Sequence> ranges{{1, 3}, {3, 3}, {6, 8}};
  const Tensor<double, 3> part = detail::gather<double>(x, ranges);
  CHECK(detail::packed(ranges).cu_seqlens == std::vector<Index>{0, 2, 2, 4});
  CHECK(part.dimension(1) == 4);
  for (Index i = 0; i < 4; ++i)
    CHECK(rows(part).row(i) == rows(x).row(std::array<Index, 4>{1, 2, 6, 7}[static_cast<std::size_t>(i)]));
  Tensor<double, 3> back = zeros<double>(2, 4, 3);
  detail::scatter<double>(part, ranges, back);
  for (const Index i : {1, 2, 6, 7}) CHECK(rows(back).row(i) == rows(x).row(i));
  for (const Index i : {0, 3, 4, 5}) CHECK(rows(back).row(i).isZero(0));
}
