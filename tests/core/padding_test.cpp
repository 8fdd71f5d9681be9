#include "deltanet/core/padding.hpp"

#include "support/catch.hpp"

namespace deltanet::test {

namespace {

[[nodiscard]] Tensor<std::int32_t, 2> ids(Index B, Index T, const std::vector<std::int32_t>& entries) {
  Tensor<std::int32_t, 2> tensor(B, T);
  std::copy(entries.begin(), entries.end(), tensor.data());
  return tensor;
}

[[nodiscard]] std::vector<std::int32_t> entries_of(const Tensor<std::int32_t, 2>& tensor) {
  return {tensor.data(), tensor.data() + tensor.size()};
}

}  // namespace

TEST_CASE("padding is left out of a packed batch, and is zero where it is put back", "[core]") {
  const Padding padding(ids(3, 4, {0, 0, 1, 1, 0, 0, 0, 0, 0, 1, 1, 1}));
  CHECK(padding.sequences().cu_seqlens == std::vector<Index>{0, 2, 2, 5});
  const Tensor<std::int32_t, 2> packed = padding.pack(ids(3, 4, {9, 9, 1, 2, 9, 9, 9, 9, 9, 3, 4, 5}));
  CHECK(packed.dimension(0) == 1);
  CHECK(entries_of(packed) == std::vector<std::int32_t>{1, 2, 3, 4, 5});
  const Tensor<std::int32_t, 2> padded = padding.pad(packed);
  CHECK(padded.dimension(0) == 3);
  CHECK(entries_of(padded) == std::vector<std::int32_t>{0, 0, 1, 2, 0, 0, 0, 0, 0, 3, 4, 5});
}

TEST_CASE("tokens are packed and padded with all their channels, wherever the padding is", "[core]") {
  const Padding padding(ids(2, 2, {1, 0, 1, 1}));
  Tensor<double, 3> x(2, 2, 2);
  x.setValues({{{1, 2}, {9, 9}}, {{3, 4}, {5, 6}}});
  const Tensor<double, 3> packed = padding.pack(x), padded = padding.pad(packed);
  Matrix<double> expected(3, 2), expected_padded(4, 2);
  expected << 1, 2, 3, 4, 5, 6;
  expected_padded << 1, 2, 0, 0, 3, 4, 5, 6;
  CHECK(rows(packed) == expected);
  CHECK(rows(padded) == expected_padded);
}

TEST_CASE("rows of no tokens at all are empty sequences", "[core]") {
  const Padding padding(Tensor<std::int32_t, 2>(3, 0));
  CHECK(padding.sequences().cu_seqlens == std::vector<Index>{0, 0, 0, 0});
  CHECK(padding.pack(Tensor<std::int32_t, 2>(3, 0)).size() == 0);
}

TEST_CASE("a mask of other numbers than 0 and 1, and tokens of another shape, are refused", "[core]") {
  CHECK_THROWS_WITH(Padding(ids(1, 2, {1, 2})), "attention_mask: expected 0 or 1, got 2 at flat index 1");
  const Padding padding(ids(2, 2, {1, 0, 1, 1}));
  CHECK_THROWS_WITH(padding.pack(Tensor<double, 3>(2, 3, 5)), "x: expected [B=2, T=2, D=5], got [2, 3, 5]");
  CHECK_THROWS_WITH(padding.pad(ids(1, 2, {1, 2})), "x: expected [B=1, T=3], got [1, 2]");
}

}  // namespace deltanet::test
