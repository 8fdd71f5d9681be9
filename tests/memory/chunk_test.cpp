#include "deltanet/memory/chunk.hpp"

#include "support/catch.hpp"

using namespace deltanet;

TEST_CASE("a chunk's rows are padded to whole panels of zeros") {
  const Chunk<float> chunk(7, 13);
  CHECK(chunk.key_stride % Lanes<float>::panel == 0);
  CHECK(chunk.key_stride >= 13);
  CHECK(chunk.pair_stride >= 7);
  CHECK(chunk.reads.rows() == 14);
  CHECK(chunk.reads.isZero());
}
