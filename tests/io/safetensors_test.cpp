#include "deltanet/io/safetensors.hpp"

#include "io/temporary_folder.hpp"
#include "support/catch.hpp"

namespace {

using namespace deltanet;

/// The bytes of a file with the header `text`, whatever that is.
std::string file_bytes(const std::string& text, const std::string& data = "") {
  const std::uint64_t length = text.size();
  return std::string(reinterpret_cast<const char*>(&length), sizeof(length)) + text + data;
}

template <Real T>
Tensor<T, 3> counting_tensor(Index a, Index b, Index c) {
  Tensor<T, 3> tensor(a, b, c);
  for (Index i = 0; i < tensor.size(); ++i) tensor.data()[i] = T(1) / static_cast<T>(i + 3);
  return tensor;
}

}  // namespace

TEMPLATE_TEST_CASE("tensors come back as they were written", "", float, double) {
  using T = TestType;
  const TemporaryFolder folder;
  const Tensor<T, 3> cube = counting_tensor<T>(2, 3, 5);
  const Matrix<T> matrix = Matrix<T>::Random(3, 4);
  const Vector<T> vector = Vector<T>::Random(7);
  const Tensor<T, 3> empty(2, 0, 3);
  const Metadata metadata{{"note", "\"quoted\" \n \xc3\xa9"}, {"empty", ""}};
  write_safetensors(folder / "f", {{"cube", cube}, {"matrix", matrix}, {"vector", vector}, {"empty", empty}}, metadata);

  const SafetensorsFile file(folder / "f");
  CHECK(file.metadata() == metadata);
  REQUIRE(file.tensors().size() == 4);
  const auto same = [&](const std::string& name, const T* expected, Index count) {
    std::vector<T> entries(static_cast<std::size_t>(count));
    file.read(name, entries.data());
    return std::equal(entries.begin(), entries.end(), expected);
  };
  CHECK(same("cube", cube.data(), cube.size()));
  CHECK(same("matrix", matrix.data(), matrix.size()));
  CHECK(same("vector", vector.data(), vector.size()));
  CHECK(file.entry("matrix").shape == std::vector<Index>{3, 4});
  CHECK(file.entry("cube").dtype.name == dtype_of<T>.name);
  CHECK((file.tensor<T, 3>("cube").dimensions() == cube.dimensions()));
  CHECK((file.tensor<T, 3>("empty").dimensions() == empty.dimensions()));
}

TEST_CASE("a file of no tensors can be written and read") {
  const TemporaryFolder folder;
  write_safetensors(folder / "f", {});
  CHECK(SafetensorsFile(folder / "f").tensors().empty());
}

TEST_CASE("entries are aligned and the bytes do not depend on the order given") {
  const TemporaryFolder folder;
  const Vector<float> a = Vector<float>::Ones(3), c = Vector<float>::Ones(2);
  const Vector<double> b = Vector<double>::Ones(2);
  write_safetensors(folder / "f", {{"a", a}, {"b", b}, {"c", c}});
  write_safetensors(folder / "g", {{"c", c}, {"a", a}, {"b", b}});
  CHECK(read_text(folder / "f") == read_text(folder / "g"));

  const SafetensorsFile file(folder / "f");
  CHECK(file.entry("b").begin == 0);
  CHECK(file.entry("a").begin == 16);
  CHECK(file.entry("c").begin == 28);
  CHECK((std::filesystem::file_size(folder / "f") - 36) % 8 == 0);
}

TEST_CASE("a file is the bytes that the format prescribes") {
  const TemporaryFolder folder;
  const Vector<float> one = Vector<float>::Ones(1);
  write_safetensors(folder / "f", {{"w", one}}, {{"k", "v"}});
  const std::string header = R"({"__metadata__":{"k":"v"},"w":{"data_offsets":[0,4],"dtype":"F32","shape":[1]}})";
  const std::string padding((8 - header.size() % 8) % 8, ' ');
  CHECK(read_text(folder / "f") == file_bytes(header + padding, std::string("\0\0\x80\x3f", 4)));
}

TEST_CASE("float and double convert when they are read") {
  const TemporaryFolder folder;
  const Vector<double> wide = Vector<double>::Random(10'000);
  const Vector<float> narrow = wide.cast<float>();
  write_safetensors(folder / "f", {{"wide", wide}, {"narrow", narrow}});
  const SafetensorsFile file(folder / "f");
  Vector<float> rounded(10'000);
  Vector<double> widened(10'000);
  file.read("wide", rounded.data());
  file.read("narrow", widened.data());
  CHECK(rounded == narrow);
  CHECK(widened == narrow.cast<double>());
}

TEST_CASE("halves and whole numbers are written as they are and widen when they are read") {
  const TemporaryFolder folder;
  const Matrix<Eigen::bfloat16> bf16 = Matrix<float>::Random(3, 5).cast<Eigen::bfloat16>();
  const Vector<Eigen::half> f16 = Vector<float>::Random(7).cast<Eigen::half>();
  Tensor<std::int64_t, 2> ids(1, 3);
  ids.setValues({{1, -2, 300}});
  write_safetensors(folder / "f", {{"bf16", bf16}, {"f16", f16}, {"ids", ids}});
  const SafetensorsFile file(folder / "f");
  CHECK(file.bytes("bf16").size() == 30);
  CHECK(file.entry("f16").dtype == dtype_of<Eigen::half>);
  Matrix<float> widened(3, 5);
  file.read("bf16", widened.data());
  CHECK(widened == bf16.cast<float>());
  Vector<double> doubles(7);
  file.read("f16", doubles.data());
  CHECK(doubles == f16.cast<float>().cast<double>());
  Matrix<Eigen::bfloat16> same(3, 5);
  file.read("bf16", same.data());
  CHECK(same == bf16);
  CHECK((file.tensor<std::int32_t, 2>("ids")(0, 2) == 300));
  CHECK_THROWS_WITH((file.tensor<float, 2>("ids")),
                    Catch::Matchers::EndsWith("ids: expected F64, F32, BF16 or F16, found I64 [1, 3]"));
}

TEST_CASE("an entry beyond the range of what it is read into is an error, and nothing is written") {
  const TemporaryFolder folder;
  Vector<float> large(2);
  large << 1, 7e4f;
  write_safetensors(folder / "f", {{"w", large}});
  Vector<Eigen::half> halves = Vector<Eigen::half>::Zero(2);
  CHECK_THROWS_WITH(SafetensorsFile(folder / "f").read("w", halves.data()),
                    (folder / "f").string() + ": w: expected numbers in the range of F16, found 70000");
  CHECK(halves == Vector<Eigen::half>::Zero(2));
}

TEST_CASE("reading a tensor that is not there or not as expected says so") {
  const TemporaryFolder folder;
  const std::string header = R"({"bytes":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})";
  write_text(folder / "f", file_bytes(header, "abcd"));
  const SafetensorsFile file(folder / "f");
  const std::string path = (folder / "f").string();
  float entries[4];
  std::int32_t ids[4];
  CHECK_THROWS_WITH(file.read("bytes", entries), path + ": bytes: expected F64, F32, BF16 or F16, found U8 [4]");
  CHECK_THROWS_WITH(file.read("bytes", ids), path + ": bytes: expected I64 or I32, found U8 [4]");
  CHECK_THROWS_WITH(file.read("w", entries), path + ": w: expected a tensor, found none of this name");
  CHECK_THROWS_WITH((file.tensor<float, 2>("bytes")), path + ": bytes: expected 2 axes, found U8 [4]");
}

TEST_CASE("a header's length is checked before anything is read") {
  const TemporaryFolder folder;
  const std::string path = (folder / "f").string();
  const auto open = [&](const std::string& bytes) {
    write_text(path, bytes);
    return SafetensorsFile(path);
  };
  CHECK_THROWS_WITH(open(""), path + ": expected a safetensors file, found 0 bytes");
  CHECK_THROWS_WITH(open("1234567"), path + ": expected a safetensors file, found 7 bytes");
  CHECK_THROWS_WITH(open(std::string(8, '\xff')),
                    path + ": expected a header within 8 bytes, found one of 18446744073709551615 bytes");
  CHECK_THROWS_WITH(open(std::string("\x03\0\0\0\0\0\0\0{}", 10)),
                    path + ": expected a header within 10 bytes, found one of 3 bytes");
  CHECK_THROWS_WITH(open(std::string(8, '\0')), Catch::Matchers::StartsWith(path + ": header: expected JSON"));
  CHECK_NOTHROW(open(file_bytes("{}")));
}

TEST_CASE("every truncation and every changed byte of a header gives a clear error or a valid file") {
  const TemporaryFolder folder;
  const Vector<float> w = Vector<float>::Random(3);
  write_safetensors(folder / "f", {{"a", w}, {"b", w}}, {{"k", "v"}});
  const std::string whole = read_text(folder / "f"), path = (folder / "g").string();
  const auto open = [&](const std::string& bytes) {
    write_text(path, bytes);
    try {
      return SafetensorsFile(path).tensors().size() + 1;
    } catch (const std::runtime_error& error) {
      CHECK_THAT(error.what(), Catch::Matchers::StartsWith(path + ": "));
      return std::size_t{0};
    }
  };
  for (std::size_t length = 0; length < whole.size(); ++length) CHECK(open(whole.substr(0, length)) == 0);
  for (std::size_t i = 0; i < whole.size() - 24; ++i)
    for (const char byte : {'\0', '"', '0', '9', '}', '\xff'}) {
      std::string changed = whole;
      changed[i] = byte;
      open(changed);
    }
}

TEST_CASE("a file shortened after it was opened is an error") {
  const TemporaryFolder folder;
  const Vector<float> w = Vector<float>::Random(100);
  write_safetensors(folder / "f", {{"w", w}});
  const SafetensorsFile file(folder / "f");
  std::filesystem::resize_file(folder / "f", 100);
  Vector<float> entries(100);
  CHECK_THROWS_AS(file.read("w", entries.data()), std::runtime_error);
}

TEST_CASE("writing refuses names that are given twice and text that is not UTF-8") {
  const TemporaryFolder folder;
  const Vector<float> w = Vector<float>::Random(3);
  const Vector<double> d = Vector<double>::Random(3);
  CHECK_THROWS_WITH(write_safetensors(folder / "f", {{"w", w}, {"w", d}}), "w: the name is given twice");
  CHECK_THROWS_WITH(write_safetensors(folder / "f", {{"__metadata__", w}}), "__metadata__: the name is given twice");
  CHECK_THROWS_AS(write_safetensors(folder / "f", {{"w", w}}, {{"k", "\xff"}}), std::invalid_argument);
  CHECK_THROWS_AS(write_safetensors(folder / "f", {{"\xff", w}}), std::invalid_argument);
  CHECK(folder.count_files() == 0);
}
