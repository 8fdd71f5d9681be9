#include "deltanet/core/sequences.hpp"

#include "support/catch.hpp"

namespace deltanet::test {

namespace {

using Ends = std::vector<std::pair<Index, Index>>;

[[nodiscard]] Ends cut(const Sequences& sequences, Index B, Index T) {
  Ends ends;
  for (const detail::Sequence& sequence : sequences.cut(B, T)) ends.emplace_back(sequence.begin, sequence.end);
  return ends;
}

}  // namespace

TEST_CASE("each row of a batch is a sequence, where nothing else is said", "[core]") {
  CHECK(cut(Sequences(), 3, 4) == Ends{{0, 4}, {4, 8}, {8, 12}});
  CHECK(cut(Sequences(), 2, 0) == Ends{{0, 0}, {0, 0}});
  CHECK(Sequences().count(3, 4) == 3);
  CHECK_FALSE(Sequences().packed());
}

TEST_CASE("packed sequences lie in one row, empty ones too", "[core]") {
  const Sequences sequences{{0, 5, 5, 12}};
  CHECK(cut(sequences, 1, 12) == Ends{{0, 5}, {5, 5}, {5, 12}});
  CHECK(sequences.count(1, 12) == 3);
  CHECK(sequences.packed());
  CHECK(Sequences{{0}}.count(1, 0) == 0);
}

TEST_CASE("sequences that do not fit their batch are refused", "[core]") {
  CHECK_THROWS_WITH((Sequences{{0, 4}}.count(2, 4)), "cu_seqlens: expected B=1, all sequences packed into one row, got B=2");
  CHECK_THROWS_WITH((Sequences{{0, 3}}.count(1, 4)), "cu_seqlens: expected to run from 0 to T=4, got 0 to 3");
  CHECK_THROWS_WITH((Sequences{{1, 4}}.cut(1, 4)), "cu_seqlens: expected to run from 0 to T=4, got 1 to 4");
  CHECK_THROWS_WITH((Sequences{{0, 3, 2, 4}}.cut(1, 4)), "cu_seqlens: expected non-decreasing ends, got 2 after 3");
}

}  // namespace deltanet::test
