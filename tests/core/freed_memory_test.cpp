#include "deltanet/core/freed_memory.hpp"

#include <memory>

#include "support/catch.hpp"

TEST_CASE("large blocks stay with the program, so that the next one needs nothing of the system") {
  deltanet::keep_freed_memory();
  [[maybe_unused]] static char* volatile seen = nullptr;  // keeps the compiler from doing without the blocks
  const auto block = [] {
    auto bytes = std::make_unique<char[]>(std::size_t(64) << 20);
    seen = bytes.get();
    return bytes;
  };
  block();
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)
  const auto before = mallinfo2();
  const auto again = block();
  const auto after = mallinfo2();
  CHECK(after.hblks == before.hblks);  // not mapped for itself
  CHECK(after.arena == before.arena);  // and nothing added to the heap
#endif
}
