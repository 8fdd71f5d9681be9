#include <map>
#include <random>

#include "structure/headers.hpp"
#include "support/catch.hpp"

namespace structure {
namespace {

/// What a folder may include beside itself.
///   core <- memory <- recurrence <- layers <- blocks <- models;  core <- training;  core <- tasks;  core <- io;  models <- io
const std::map<std::string, std::set<std::string>> allowed{
    {"core", {}},
    {"memory", {"core"}},
    {"recurrence", {"core", "memory"}},
    {"layers", {"core", "memory", "recurrence"}},
    {"blocks", {"core", "memory", "recurrence", "layers"}},
    {"models", {"core", "memory", "recurrence", "layers", "blocks"}},
    {"training", {"core"}},
    {"tasks", {"core"}},
    {"io", {"core", "memory", "recurrence", "layers", "blocks", "models"}},
};

/// One line for each include below `include` that points against the arrows, or is of a header that is not there.
std::vector<std::string> faults(const fs::path& include) {
  std::vector<std::string> lines;
  const std::set<std::string> headers = headers_below(include);
  for (const std::string& header : headers) {
    const std::string from = folder_of(header);
    if (from.empty()) continue;  // the umbrella may include all
    if (!allowed.contains(from)) lines.push_back(header + " is in a folder without a place in the layering");
    for (const std::string& included : headers_included(include / header)) {
      const std::string to = folder_of(included);
      if (!headers.contains(included)) lines.push_back(header + " includes " + included + ", which is not there");
      if (to != from && allowed.contains(from) && !allowed.at(from).contains(to))
        lines.push_back(header + " includes " + included + ", against the layering");
    }
  }
  return lines;
}

void write(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

}  // namespace

TEST_CASE("folders include only along the arrows of the layering", "[structure]") {
  CHECK(faults(fs::path(DELTANET_SOURCE_DIR) / "include") == std::vector<std::string>{});
}

TEST_CASE("an include against the arrows is found", "[structure]") {
  const fs::path tree = fs::temp_directory_path() / ("deltanet_layering_" + std::to_string(std::random_device()()));
  write(tree / "deltanet/core/a.hpp", "#include \"deltanet/memory/b.hpp\"\n");
  write(tree / "deltanet/memory/b.hpp", "#include <deltanet/core/a.hpp>\n#include \"deltanet/deltanet.hpp\"\n");
  write(tree / "deltanet/memory/c.hpp", "#include \"deltanet/memory/b.hpp\"\n#include \"deltanet/core/gone.hpp\"\n");
  write(tree / "deltanet/deltanet.hpp", "#include \"deltanet/memory/b.hpp\"\n");
  write(tree / "deltanet/other/d.hpp", "");
  CHECK(faults(tree) == std::vector<std::string>{
                            "deltanet/core/a.hpp includes deltanet/memory/b.hpp, against the layering",
                            "deltanet/memory/b.hpp includes deltanet/deltanet.hpp, against the layering",
                            "deltanet/memory/c.hpp includes deltanet/core/gone.hpp, which is not there",
                            "deltanet/other/d.hpp is in a folder without a place in the layering",
                        });
  fs::remove_all(tree);
}

}  // namespace structure
