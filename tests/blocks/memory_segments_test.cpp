#include "deltanet/blocks/memory_segments.hpp"

#include "deltanet/core/zeros.hpp"
#include "support/catch.hpp"

using namespace deltanet;

namespace {

std::string text_of(const detail::MemorySegment& segment) {
  std::ostringstream text;
  for (const auto& [begin, end] : segment.ranges) text << begin << "-" << end << " ";
  for (const Index n : segment.begins) text << "+" << n;
  for (const Index n : segment.ends) text << "." << n;
  return text.str();
}

}  // namespace

TEST_CASE("sequences are cut into segments, the first and the last perhaps in part", "[blocks]") {
  // sequence 0 is in the middle of a segment, 1 has no tokens, 2 begins one and ends with one
  const auto segments = detail::memory_segments({{0, 8}, {8, 8}, {8, 12}}, {1, 3, 0}, 4);
  REQUIRE(segments.size() == 3);
  CHECK(text_of(segments[0]) == "0-3 8-8 8-12 +2.0.2");
  CHECK(text_of(segments[1]) == "3-7 8-8 12-12 +0.0");
  CHECK(text_of(segments[2]) == "7-8 8-8 12-12 +0");
  CHECK(segments[0].sequences.cu_seqlens == std::vector<Index>{0, 3, 3, 7});
  CHECK(detail::memory_segments({{0, 0}}, {2}, 4).empty());
}

TEST_CASE("one sequence of a state is copied, and its gradient moved", "[blocks]") {
  Tensor<double, 3> from(2, 1, 2), to = zeros<double>(2, 1, 2);
  from.setValues({{{1, 2}}, {{3, 4}}});
  detail::copy_sequence(from, 1, to);
  CHECK(rows(to) == (Matrix<double>(2, 2) << 0, 0, 3, 4).finished());
  detail::move_gradient(to, 1, from);
  CHECK(rows(to).isZero(0));
  CHECK(rows(from) == (Matrix<double>(2, 2) << 1, 2, 6, 8).finished());
}
