#include "deltanet/io/name_map.hpp"

#include "io/temporary_folder.hpp"
#include "support/catch.hpp"

using namespace deltanet;

namespace {

/// q, k of two heads with one row each, and a vector.
struct Parts {
  Matrix<double> q, k;  // [2, 3]
  Vector<double> g;     // [2]
  static constexpr auto fields() { return std::tuple{Field{"q", &Parts::q}, Field{"k", &Parts::k}, Field{"g", &Parts::g}}; }
};

Parts numbered() {
  Parts parts{Matrix<double>(2, 3), Matrix<double>(2, 3), Vector<double>(2)};
  parts.q << 1, 2, 3, 4, 5, 6;
  parts.k << 7, 8, 9, 10, 11, 12;
  parts.g << 13, 14;
  return parts;
}

using Tensors = std::vector<RenamedTensor<double>>;

void write(const std::filesystem::path& path, const Tensors& tensors) {
  std::vector<SourceTensor> sources;
  for (const auto& [name, shape, entries] : tensors)
    sources.emplace_back(name, TensorSpan<const double>{entries.data(), shape});
  write_safetensors(path, sources);
}

std::vector<double> rows_of_qk(const Tensors& tensors) {
  for (const auto& tensor : tensors)
    if (tensor.name == "qk") return tensor.entries;
  return {};
}

}  // namespace

TEST_CASE("a name map puts tensors in a row, head by head where it has groups") {
  CHECK(rows_of_qk(renamed_tensors<double>(numbered(), {{{"qk"}, {"q", "k"}}})) ==
        std::vector<double>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  CHECK(rows_of_qk(renamed_tensors<double>(numbered(), {{{"qk"}, {"q", "k"}, 2}})) ==
        std::vector<double>{1, 2, 3, 7, 8, 9, 4, 5, 6, 10, 11, 12});
}

TEST_CASE("tensors that no rule names keep their names, and what a rule names need not be there") {
  const Tensors tensors = renamed_tensors<double>(numbered(), {{{"decay"}, {"g"}, 1, {1, 2, 1}}, {{"b"}, {"absent"}}});
  REQUIRE(tensors.size() == 3);
  CHECK(tensors[0].name == "decay");
  CHECK(tensors[0].shape == std::vector<Index>{1, 2, 1});
  CHECK(tensors[1].name == "k");
  CHECK(tensors[2].shape == std::vector<Index>{2, 3});
}

TEST_CASE("what was written by a name map is read by it, in any spelling, under any prefix") {
  const TemporaryFolder folder;
  const NameMap grouped{{{"qk"}, {"q", "k"}, 2}}, cut{{{"a", "b", "c"}, {"q", "k"}}};
  NameMap either = grouped;
  either.insert(either.end(), cut.begin(), cut.end());
  for (const NameMap& names : {grouped, cut}) {
    Tensors tensors = renamed_tensors<double>(numbered(), names);
    for (auto& tensor : tensors) tensor.name = "layer." + tensor.name;
    write(folder / "f", tensors);
    Parts read = zeros_like(numbered());
    load_renamed<double>(SafetensorsFile(folder / "f"), read, either, {.prefix = "layer"});
    CHECK(read.q == numbered().q);
    CHECK(read.k == numbered().k);
    CHECK(read.g == numbered().g);
  }
}

TEST_CASE("the parts of a map have prefixes on both sides") {
  NameMap names;
  append(names, "model.0", "layers.0", {{{"qk"}, {"q", "k"}}});
  CHECK(names[0].theirs == std::vector<std::string>{"model.0.qk"});
  CHECK(names[0].ours == std::vector<std::string>{"layers.0.q", "layers.0.k"});
}

TEST_CASE("a file that does not fit a name map is refused with every reason, and nothing is changed") {
  const TemporaryFolder folder;
  const std::vector<double> entries(12);
  write(folder / "f", {{"qk", {3, 3}, {entries.begin(), entries.begin() + 9}}, {"more", {1}, {1}}});
  Parts parts = numbered();
  const SafetensorsFile file(folder / "f");
  const std::string path = (folder / "f").string();
  CHECK_THROWS_WITH(load_renamed<double>(file, parts, {{{"qk"}, {"q", "k"}}}),
                    path +
                        ": qk: expected F64 [4, 3], found F64 [3, 3]; g: expected F64 [2], found none of this name; "
                        "more: expected no tensor of this name, found F64 [1]");
  CHECK_THROWS_WITH(load_renamed<double>(file, parts, {{{"qk"}, {"q", "k"}}}, {.ignored = {"mo"}}),
                    path + ": qk: expected F64 [4, 3], found F64 [3, 3]; g: expected F64 [2], found none of this name");
  write(folder / "f", {{"a", {2, 3}, {entries.begin(), entries.begin() + 6}}, {"b", {1, 3}, {0, 0, 0}}, {"g", {2}, {1, 2}}});
  CHECK_THROWS_WITH(load_renamed<double>(SafetensorsFile(folder / "f"), parts, {{{"a", "b"}, {"q", "k"}}}),
                    path + ": a, b: expected 4 rows in all, found 3");
  CHECK(parts.q == numbered().q);
}

TEST_CASE("a rule whose tensors do not fit together is refused") {
  CHECK_THROWS_WITH(renamed_tensors<double>(numbered(), {{{"qg"}, {"q", "g"}}}),
                    "g: expected rows in 1 groups beside those of q, got [2]");
  CHECK_THROWS_WITH(renamed_tensors<double>(numbered(), {{{"qk"}, {"q", "k"}, 3}}),
                    "q: expected rows in 3 groups beside those of q, got [2, 3]");
}
