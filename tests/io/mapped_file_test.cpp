#include "deltanet/io/mapped_file.hpp"

#include "io/temporary_folder.hpp"
#include "support/catch.hpp"

namespace {

std::string text(std::span<const std::byte> bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

}  // namespace

using deltanet::MappedFile;

TEST_CASE("a mapped file shows its bytes, also after it was moved or replaced") {
  const TemporaryFolder folder;
  write_text(folder / "f", "0123456789");
  MappedFile first(folder / "f");
  CHECK(first.size() == 10);
  CHECK(text(first.bytes(3, 4)) == "3456");
  const std::span<const std::byte> bytes = first.bytes(0, 10);
  write_text(folder / "g", "other");
  MappedFile second(std::move(first));
  first = MappedFile(folder / "g");
  std::filesystem::rename(folder / "g", folder / "f");
  CHECK(text(bytes) == "0123456789");
  CHECK(text(second.bytes(9, 1)) == "9");
  CHECK(text(first.bytes(0, 5)) == "other");
}

TEST_CASE("an empty file is mapped") {
  const TemporaryFolder folder;
  write_text(folder / "f", "");
  const MappedFile file(folder / "f");
  CHECK(file.bytes(0, 0).empty());
  CHECK_THROWS_WITH(file.bytes(0, 1), (folder / "f").string() + ": expected 1 bytes at offset 0, found 0");
}

TEST_CASE("bytes beyond a file's end are an error, also of one shortened meanwhile") {
  const TemporaryFolder folder;
  write_text(folder / "f", "0123456789");
  const MappedFile file(folder / "f");
  const std::string path = (folder / "f").string();
  CHECK(file.bytes(10, 0).empty());
  CHECK_THROWS_WITH(file.bytes(8, 3), path + ": expected 3 bytes at offset 8, found 2");
  CHECK_THROWS_WITH(file.bytes(11, 0), path + ": expected 0 bytes at offset 11, found 0");
  CHECK_THROWS_WITH(file.bytes(~std::uint64_t{0}, 2), path + ": expected 2 bytes at offset 18446744073709551615, found 0");
  std::filesystem::resize_file(folder / "f", 4);
  CHECK(text(file.bytes(0, 4)) == "0123");
  CHECK_THROWS_WITH(file.bytes(3, 2), path + ": expected 2 bytes at offset 3, found 1");
  std::filesystem::resize_file(folder / "f", 20);  // what was mapped ends where the file ended
  CHECK_THROWS_WITH(file.bytes(8, 3), path + ": expected 3 bytes at offset 8, found 2");
}

TEST_CASE("what is no regular file is not mapped") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH(MappedFile(folder / "none"), (folder / "none").string() + ": cannot open: No such file or directory");
  CHECK_THROWS_WITH(MappedFile(folder / ""), (folder / "").string() + ": cannot open: expected a regular file");
}
