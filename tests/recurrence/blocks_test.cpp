#include "deltanet/recurrence/blocks.hpp"

#include "support/catch.hpp"

using namespace deltanet::detail;
using deltanet::Index;

TEST_CASE("chunks follow each other from the first token to the last, whole but for the last one") {
  for (const Index tokens : {0, 1, 63, 64, 65, 200})
    for (const Index C : {1, 7, 16, 64, 100}) {
      const Blocks blocks(tokens, C);
      Index next = 0;
      for (Index block = 0; block < blocks.count(); ++block) {
        PoolVector<Blocks::ChunkRange> chunks;
        blocks.list_chunks(block, chunks);
        REQUIRE(!chunks.empty());
        REQUIRE(static_cast<Index>(chunks.size()) <= blocks.chunks_at_most());
        CHECK(blocks.range(block) == std::pair{chunks.front().begin, chunks.back().begin + chunks.back().tokens});
        const Index first = next;
        for (const auto& chunk : chunks) {
          CHECK(chunk.begin == next);
          CHECK(chunk.offset == next - first);
          next += chunk.tokens;
          CHECK((chunk.tokens == C || next == tokens));
        }
      }
      CHECK(next == tokens);
      CHECK(blocks.range(-1) == std::pair<Index, Index>{0, 0});
      CHECK(blocks.range(blocks.count()) == std::pair{tokens, tokens});
    }
}

TEST_CASE("slices cover all panels once, and there are many only where states are few") {
  for (const Index states : {1, 3, 16, 100})
    for (const Index V : {1, 32, 100, 256}) {
      const Slices slices(states, V, 16);
      Index next = 0;
      for (Index slice = 0; slice < slices.count; ++slice) {
        const auto [first, end] = slices.range(slice);
        CHECK(first == next);
        CHECK(end > first);
        next = end;
      }
      CHECK(next == slices.panels);
      CHECK((states < 16 || slices.count == 1));
    }
  CHECK(Slices(1, 256, 16).count == 8);
}

TEST_CASE("merged slices begin and end where slices do, and are as many as asked for where these can be dealt out evenly") {
  for (const Index V : {1, 32, 100, 256})
    for (const Index states : {1, 3, 5, 16}) {
      const Slices slices(states, V, 16);
      for (const Index at_most : {0, 1, 2, 3, 8, 100}) {
        const Slices merged = slices.merged(at_most);
        CHECK(merged.panels == slices.panels);
        CHECK(merged.count >= 1);
        CHECK(merged.count <= std::max<Index>(at_most, 1));
        REQUIRE(slices.count % merged.count == 0);
        for (Index i = 0; i < merged.count; ++i) {
          CHECK(merged.range(i).first == slices.range(i * slices.count / merged.count).first);
          CHECK(merged.range(i).second == slices.range((i + 1) * slices.count / merged.count - 1).second);
        }
      }
    }
  CHECK(Slices(1, 256, 16).merged(4).count == 4);
  CHECK(Slices(1, 256, 16).merged(7).count == 4);
}

TEST_CASE("pieces hold every head and slice of every sequence once, a few heads together where threads leave it") {
  for (const Index N : {1, 3})
    for (const Index HV : {1, 2, 5, 16})
      for (const Index slices : {1, 4})
        for (const Index threads : {1, 2, 16}) {
          const HeadGroups groups(N, HV, slices, threads);
          std::vector<int> seen(static_cast<std::size_t>(N * HV * slices), 0);
          for (Index i = 0; i < groups.pieces(); ++i) {
            const auto piece = groups[i];
            for (Index head = piece.first_head; head < piece.end_head; ++head)
              ++seen[static_cast<std::size_t>((piece.sequence * HV + head) * slices + piece.slice)];
          }
          CHECK(seen == std::vector<int>(seen.size(), 1));
        }
  CHECK(HeadGroups(1, 16, 1, 1).pieces() == 4);
  CHECK(HeadGroups(1, 16, 1, 16).pieces() == 16);
  CHECK(HeadGroups(1, 16, 1, 1, 16).pieces() == 2);
}

TEST_CASE("a state goes into panels and back unchanged") {
  deltanet::Matrix<float> S = deltanet::Matrix<float>::Random(3, 37), back = deltanet::Matrix<float>::Zero(3, 37);
  const auto map = [](auto& m) { return deltanet::MatrixMap<float>(m.data(), m.rows(), m.cols()); };
  const Index panels = (37 + deltanet::Lanes<float>::panel - 1) / deltanet::Lanes<float>::panel;
  for (Index p = 0; p < panels; ++p) PanelState<float>(p, p + 1, map(S)).store(map(back));
  CHECK(S == back);
}
