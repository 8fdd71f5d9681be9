#include <sstream>

#include "golden/case.hpp"
#include "golden/check.hpp"
#include "io/temporary_folder.hpp"
#include "support/catch.hpp"

namespace {

using namespace deltanet;

const std::filesystem::path cases = std::filesystem::path(DELTANET_SOURCE_DIR) / "tests/golden/cases";

struct Outcome {
  int code;
  std::string text;
};

Outcome check(const std::filesystem::path& folder) {
  std::ostringstream out;
  const int code = golden::check_folder(folder, out);
  return {code, out.str()};
}

/// All tensors of a case by name as flat lists, with the metadata: to be changed and written again.
struct EditableCase {
  std::map<std::string, Tensor<double, 4>> tensors;  // as [1, 1, 1, size]
  std::map<std::string, std::vector<Index>> shapes;
  Metadata metadata;

  explicit EditableCase(const std::filesystem::path& path) {
    const SafetensorsFile file(path);
    metadata = file.metadata();
    for (const auto& [name, entry] : file.tensors()) {
      shapes[name] = entry.shape;
      tensors[name] = Tensor<double, 4>(1, 1, 1, TensorSpan<double>{nullptr, entry.shape}.size());
      file.read(name, tensors[name].data());
    }
  }
  void write(const std::filesystem::path& path) const {
    std::vector<SourceTensor> sources;
    for (const auto& [name, tensor] : tensors)
      sources.emplace_back(name, TensorSpan<const double>{tensor.data(), shapes.at(name)});
    write_safetensors(path, sources, metadata);
  }
};

EditableCase small_case() { return EditableCase(cases / "ops/gated_delta_rule-2.safetensors"); }

}  // namespace

TEST_CASE("the library agrees with the committed cases") {
  const Outcome outcome = check(cases);
  INFO(outcome.text);
  CHECK(outcome.code == 0);
  CHECK_THAT(outcome.text, Catch::Matchers::EndsWith("30 passed, 0 failed, 2 skipped\n"));
}

TEST_CASE("the library agrees with the larger cases beside the project, where they are") {
  const std::filesystem::path folder = std::filesystem::path(DELTANET_SOURCE_DIR) / "../shared/golden";
  if (!std::filesystem::is_directory(folder)) return;
  const Outcome outcome = check(folder);
  INFO(outcome.text);
  CHECK(outcome.code == 0);
}

TEST_CASE("a case fails when any one of its results is off by a little") {
  for (const std::string name : {"o", "final_state", "dq", "dk", "dv", "dbeta", "dg", "dinitial_state"}) {
    const TemporaryFolder folder;
    EditableCase c = small_case();
    for (Index i = 0; i < c.tensors[name].size(); ++i) c.tensors[name].data()[i] *= 1 + 2e-9;
    c.write(folder / "off.safetensors");
    const Outcome outcome = check(folder / "");
    CHECK(outcome.code == 1);
    CHECK_THAT(outcome.text, Catch::Matchers::StartsWith("off: FAILED: double 2.0e-09 in "));
    CHECK_THAT(outcome.text, Catch::Matchers::ContainsSubstring("; double chunked " + name + ": 2.0e-09 > 1.0e-09"));
    CHECK_THAT(outcome.text, Catch::Matchers::ContainsSubstring("; double sequential " + name + ": 2.0e-09 > 1.0e-09"));
    CHECK_THAT(outcome.text, !Catch::Matchers::ContainsSubstring("; float"));
  }
}

TEST_CASE("float results have bounds of their own") {
  const TemporaryFolder folder;
  EditableCase c = small_case();
  for (const std::string name : {"dv", "dg"})
    for (Index i = 0; i < c.tensors[name].size(); ++i) c.tensors[name].data()[i] *= 1 + 5e-5;
  c.write(folder / "off.safetensors");
  const Outcome outcome = check(folder / "");
  CHECK(outcome.code == 1);
  CHECK_THAT(outcome.text, Catch::Matchers::ContainsSubstring("; float chunked dv: 5.0e-05 > 1.0e-05"));
  CHECK_THAT(outcome.text, !Catch::Matchers::ContainsSubstring("; float chunked dg"));
}

TEST_CASE("a reference that is not a number fails") {
  const TemporaryFolder folder;
  EditableCase c = small_case();
  c.tensors["dk"].data()[0] = std::numeric_limits<double>::quiet_NaN();
  c.write(folder / "nan.safetensors");
  const Outcome outcome = check(folder / "");
  CHECK(outcome.code == 1);
  CHECK_THAT(outcome.text,
             Catch::Matchers::StartsWith("nan: FAILED: double nan in sequential dk, float nan in sequential dk; "));
}

TEST_CASE("a case that cannot be read, lacks a tensor or has one of another shape fails with the reason") {
  const TemporaryFolder folder;
  write_text(folder / "broken.safetensors", "this is no safetensors file");
  EditableCase lacking = small_case(), other = small_case();
  lacking.tensors.erase("dg");
  lacking.write(folder / "lacking.safetensors");
  other.shapes["o"] = {1, 2, 1, 8};
  other.write(folder / "other.safetensors");
  const Outcome outcome = check(folder / "");
  CHECK(outcome.code == 1);
  const auto path = [&](const std::string& name) { return (folder / name).string(); };
  CHECK_THAT(outcome.text,
             Catch::Matchers::StartsWith("broken: FAILED: " + path("broken.safetensors") + ": expected a header"));
  CHECK_THAT(outcome.text, Catch::Matchers::ContainsSubstring("lacking: FAILED: " + path("lacking.safetensors") +
                                                              ": dg: expected a tensor, found none of this name"));
  CHECK_THAT(outcome.text,
             Catch::Matchers::ContainsSubstring("other: FAILED: sequential o: expected [1, 2, 1, 8], got [1, 1, 2, 8]"));
  CHECK_THAT(outcome.text, Catch::Matchers::EndsWith("0 passed, 3 failed, 0 skipped\n"));
}

TEST_CASE("a case of a layer fails when its output is off or its parameters are not the layer's") {
  const TemporaryFolder folder;
  EditableCase c(cases / "layers/fla_gated_deltanet_plain.safetensors");
  for (Index i = 0; i < c.tensors["y"].size(); ++i) c.tensors["y"].data()[i] *= 1 + 1e-4;
  c.write(folder / "off.safetensors");
  c.shapes["param.extra"] = {1};
  c.tensors["param.extra"] = Tensor<double, 4>(1, 1, 1, 1);
  c.write(folder / "extra.safetensors");
  const Outcome outcome = check(folder / "");
  CHECK(outcome.code == 1);
  CHECK_THAT(outcome.text, Catch::Matchers::ContainsSubstring("extra: FAILED: "));
  CHECK_THAT(outcome.text, Catch::Matchers::ContainsSubstring("param.extra: expected no tensor of this name, found F64 [1]"));
  CHECK_THAT(outcome.text, Catch::Matchers::ContainsSubstring("; double forward y: 1.0e-04 > 2.0e-05"));
  CHECK_THAT(outcome.text, Catch::Matchers::ContainsSubstring("; float step y: 1.0e-04 > 2.0e-05"));
}

TEST_CASE("unknown operators and files that are no case are skipped") {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "deep");
  write_safetensors(folder / "deep" / "model.safetensors", {});
  write_safetensors(folder / "new.safetensors", {}, {{"case", R"({"op": "of_tomorrow", "config": {}})"}});
  const Outcome outcome = check(folder / "");
  CHECK(outcome.code == 0);
  CHECK(outcome.text ==
        "deep/model: skipped: no case in its metadata\n"
        "new: skipped: unknown op of_tomorrow\n"
        "0 passed, 0 failed, 2 skipped\n");
}

TEST_CASE("a folder that is missing or has no cases is an error of its own") {
  const TemporaryFolder folder;
  CHECK(check(folder / "none").code == 2);
  CHECK(check(folder / "none").text == (folder / "none").string() + ": expected a folder\n");
  CHECK(check(folder / "").code == 2);
}
