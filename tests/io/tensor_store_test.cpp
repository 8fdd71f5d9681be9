#include "deltanet/io/tensor_store.hpp"

#include "io/temporary_folder.hpp"
#include "support/catch.hpp"

namespace {

using namespace deltanet;

/// A folder with tensors a and b in one file, c in another, and their index.
struct Sharded {
  TemporaryFolder folder;
  const Vector<float> a = Vector<float>::LinSpaced(3, 1, 3), c = Vector<float>::LinSpaced(2, 5, 6);
  const Vector<double> b = Vector<double>::LinSpaced(4, 7, 8);
  const std::string first = (folder / "one.safetensors").string(), second = (folder / "two.safetensors").string(),
                    index = (folder / "model.safetensors.index.json").string();

  Sharded() {
    write_safetensors(first, {{"a", a}, {"b", b}});
    write_safetensors(second, {{"c", c}});
    write_index(
        R"({"metadata": {"total_size": 52}, "weight_map": {"a": "one.safetensors", "b": "one.safetensors", "c": "two.safetensors"}})");
  }
  void write_index(const std::string& text) const { write_text(index, text); }
};

template <Element T>
Vector<T> read(const TensorStore& store, const std::string& name) {
  Vector<T> entries(store.entry(name).shape.at(0));
  store.read(name, entries.data());
  return entries;
}

}  // namespace

TEST_CASE("several files look like one, from their folder and from their index") {
  const Sharded files;
  for (const std::filesystem::path& path : {files.folder / "", std::filesystem::path(files.index)}) {
    const TensorStore store(path);
    CHECK(store.path() == files.index);
    CHECK(store.tensors().size() == 3);
    CHECK(store.files().size() == 2);
    CHECK(read<float>(store, "a") == files.a);
    CHECK(read<double>(store, "b") == files.b);
    CHECK(read<float>(store, "c") == files.c);
    CHECK(store.bytes("c").size() == 8);
    CHECK((store.tensor<double, 1>("a")(2) == 3));
    CHECK(store.file_of("c").path() == files.second);
    CHECK_THROWS_WITH(store.entry("d"), files.index + ": d: expected a tensor, found none of this name");
    CHECK_THROWS_WITH((store.tensor<float, 2>("c")), files.second + ": c: expected 2 axes, found F32 [2]");
  }
}

TEST_CASE("one file is itself, from its folder and by its path, and comes before an index") {
  const Sharded files;
  write_safetensors(files.folder / "model.safetensors", {{"c", files.c}});
  for (const std::string name : {"", "model.safetensors"}) {
    const TensorStore store(files.folder / name);
    CHECK(store.path() == files.folder / "model.safetensors");
    CHECK(store.tensors().size() == 1);
    CHECK(read<float>(store, "c") == files.c);
  }
}

TEST_CASE("a folder without a model is refused") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH(TensorStore(folder / ""),
                    (folder / "").string() + ": expected model.safetensors or model.safetensors.index.json, found neither");
  CHECK_THROWS_WITH(TensorStore(folder / "none"), (folder / "none").string() + ": cannot open: No such file or directory");
}

TEST_CASE("an index and its files must agree") {
  const Sharded files;
  const auto refuses = [&](const std::string& text, const std::string& message) {
    files.write_index(text);
    CHECK_THROWS_WITH(TensorStore(files.index), message);
  };
  const std::string one = R"("one.safetensors")", two = R"("two.safetensors")";
  refuses("{}", files.index + ": weight_map: expected an object, found none");
  refuses(R"({"weight_map": {"a": 1}})", files.index + ": weight_map.a: expected a text, found 1");
  refuses(R"({"weight_map": {"a": )" + one + R"(, "b": )" + one + R"(, "c": )" + two + R"(, "d": "three.safetensors"}})",
          files.index + ": weight_map.d: expected the file three.safetensors, found none of this name beside the index");
  refuses(R"({"weight_map": {"a": )" + one + R"(, "b": )" + one + R"(, "c": )" + two + R"(, "d": )" + two + "}}",
          files.second + ": d: expected a tensor, as model.safetensors.index.json says, found none of this name");
  refuses(R"({"weight_map": {"a": )" + one + R"(, "c": )" + two + "}}",
          files.first + ": b: expected in model.safetensors.index.json as of one.safetensors, found none of this name");
  refuses(R"({"weight_map": {"a": )" + two + R"(, "b": )" + one + R"(, "c": )" + two + "}}",
          files.first + ": a: expected in model.safetensors.index.json as of one.safetensors, found two.safetensors");
  for (const std::string name : {"../one.safetensors", "/one.safetensors", "x/one.safetensors", "", ".", "..", "x/"})
    refuses(R"({"weight_map": {"a": ")" + name + "\"}}",
            files.index + ": weight_map.a: expected the name of a file beside the index, found \"" + name + '"');
  refuses(R"({"weight_map": {"a": "one\u0000"}})",
          files.index + R"(: weight_map.a: expected the name of a file beside the index, found "one\x00")");
}

TEST_CASE("a truncated file of several is named") {
  const Sharded files;
  std::filesystem::resize_file(files.second, std::filesystem::file_size(files.second) - 1);
  CHECK_THROWS_WITH(TensorStore(files.index),
                    files.second + ": c: expected data_offsets [begin, end] within 7 bytes, found [0, 8]");
}
