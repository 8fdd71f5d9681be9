#include "structure/headers.hpp"
#include "support/catch.hpp"

namespace structure {
namespace {

using Lines = std::vector<std::string>;

const fs::path root = DELTANET_SOURCE_DIR;

/// Every header of the library, the umbrella excepted.
std::set<std::string> headers() {
  std::set<std::string> found = headers_below(root / "include");
  found.erase("deltanet/deltanet.hpp");
  return found;
}

}  // namespace

TEST_CASE("cmake/headers.cmake lists every header once and no other", "[structure]") {
  const Lines listed = headers_named(read(root / "cmake/headers.cmake"), "include/");
  const std::set<std::string> distinct(listed.begin(), listed.end());
  CHECK(missing(headers_below(root / "include"), listed, "cmake/headers.cmake") == Lines{});
  CHECK(missing(distinct, headers_below(root / "include"), "include/") == Lines{});
  CHECK(listed.size() == distinct.size());
}

TEST_CASE("the umbrella includes every header but io/ and the executors of other libraries", "[structure]") {
  const Lines included = headers_included(root / "include/deltanet/deltanet.hpp");
  std::set<std::string> expected = headers();
  std::erase_if(expected, [](const std::string& header) { return folder_of(header) == "io"; });
  for (const char* library : {"openmp", "tbb"}) expected.erase("deltanet/core/" + std::string(library) + "_executor.hpp");
  CHECK(missing(expected, included, "deltanet/deltanet.hpp") == Lines{});
  CHECK(missing({included.begin(), included.end()}, expected, "what the umbrella should include") == Lines{});
}

TEST_CASE("every header has a test of its name in its folder's test program, or in one alone", "[structure]") {
  const std::string programs = read(root / "tests/CMakeLists.txt");
  Lines lines;
  for (const fs::path header : headers()) {
    const std::string test = header.stem().string() + "_test.cpp";
    const std::regex listed("deltanet_test\\(" + folder_of(header) + "\\s[^)]*\\b" + test + "|deltanet_test_with\\([^)]*\\b" +
                            folder_of(header) + "/" + test);
    if (!fs::exists(root / "tests" / folder_of(header) / test) || !std::regex_search(programs, listed))
      lines.push_back("tests/" + folder_of(header) + "/" + test + " is missing, or not listed in tests/CMakeLists.txt");
  }
  CHECK(lines == Lines{});
}

}  // namespace structure
