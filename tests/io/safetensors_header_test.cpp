#include "deltanet/io/safetensors_header.hpp"

#include "support/catch.hpp"

namespace {

deltanet::SafetensorsHeader parse(const std::string& text, std::uint64_t data_size) {
  return deltanet::parse_safetensors_header("f", text, data_size);
}

/// A header with one tensor "w".
std::string one_tensor(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"w":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
}

}  // namespace

TEST_CASE("a header tells types, shapes, places and metadata") {
  const auto header = parse(R"({"b":{"dtype":"F64","shape":[],"data_offsets":[24,32]},"__metadata__":{"note":"text"},
      "w":{"data_offsets":[0,24],"shape":[2,3],"dtype":"F32"},"none":{"dtype":"I8","shape":[0,5],"data_offsets":[24,24]}}   )",
                            32);
  REQUIRE(header.tensors.size() == 3);
  CHECK(header.tensors.at("w").dtype.name == "F32");
  CHECK(header.tensors.at("w").shape == std::vector<deltanet::Index>{2, 3});
  CHECK(header.tensors.at("w").begin == 0);
  CHECK(header.tensors.at("b").shape.empty());
  CHECK(header.tensors.at("b").begin == 24);
  CHECK(header.metadata == deltanet::Metadata{{"note", "text"}});
  CHECK(parse("{}", 0).tensors.empty());
}

TEST_CASE("a header that is not an object of tensors is refused") {
  CHECK_THROWS_WITH(parse("", 0), Catch::Matchers::StartsWith("f: header: expected JSON, found: "));
  CHECK_THROWS_WITH(parse("{\"w\":", 0), Catch::Matchers::StartsWith("f: header: expected JSON, found: "));
  CHECK_THROWS_WITH(parse("{} {}", 0), Catch::Matchers::StartsWith("f: header: expected JSON, found: "));
  CHECK_THROWS_WITH(parse("{\"\xff\":1}", 0), Catch::Matchers::StartsWith("f: header: expected JSON, found: "));
  CHECK_THROWS_WITH(parse("{\"w\":1e999}", 0), Catch::Matchers::StartsWith("f: header: expected JSON, found: "));
  CHECK_THROWS_WITH(parse("[]", 0), "f: header: expected a JSON object, found array");
  CHECK_THROWS_WITH(parse("7", 0), "f: header: expected a JSON object, found number");
  CHECK_THROWS_WITH(parse(R"({"w":7})", 0), "f: w: expected a list \"shape\"");
  CHECK_THROWS_WITH(parse(R"({"w":{"shape":[]}})", 0), "f: w: expected a list \"data_offsets\"");
  CHECK_THROWS_WITH(parse(R"({"w":{"shape":[],"data_offsets":[0,0]}})", 0), "f: w: expected a text \"dtype\"");
  CHECK_THROWS_WITH(parse(R"({"w":{"shape":[],"data_offsets":[0,0],"dtype":32}})", 0), "f: w: expected a text \"dtype\"");
  CHECK_THROWS_WITH(parse(R"({"__metadata__":7})", 0), "f: __metadata__: expected an object, found number");
  CHECK_THROWS_WITH(parse(R"({"__metadata__":{"step":7}})", 0), "f: metadata step: expected a text, found number");
}

TEST_CASE("a header with a name twice is refused") {
  const std::string entry = R"({"dtype":"F32","shape":[],"data_offsets":[0,4]})";
  CHECK_THROWS_WITH(parse("{\"w\":" + entry + ",\"w\":" + entry + "}", 4), "f: w: the header has this name twice");
  CHECK_THROWS_WITH(parse(R"({"__metadata__":{"a":"1","a":"2"}})", 0), "f: a: the header has this name twice");
  CHECK_THROWS_WITH(parse(R"({"__metadata__":{},"__metadata__":{}})", 0), "f: __metadata__: the header has this name twice");
  CHECK_THROWS_WITH(parse(R"({"w":{"dtype":"F32","dtype":"F64"}})", 0), "f: dtype: the header has this name twice");
}

TEST_CASE("a deeply nested header is refused before it is built") {
  CHECK_THROWS_WITH(parse(R"({"w":{"shape":[[1]]}})", 0), "f: header: expected at most 3 levels of JSON");
  CHECK_THROWS_WITH(parse(std::string(1'000'000, '['), 0), "f: header: expected at most 3 levels of JSON");
}

TEST_CASE("shapes and offsets must be whole numbers that fit") {
  CHECK_THROWS_WITH(parse(one_tensor("F32", "[-1]", "[0,4]"), 4), "f: w: expected whole numbers in \"shape\", found -1");
  CHECK_THROWS_WITH(parse(one_tensor("F32", "[1.0]", "[0,4]"), 4), "f: w: expected whole numbers in \"shape\", found 1.0");
  CHECK_THROWS_WITH(parse(one_tensor("F32", "[\"1\"]", "[0,4]"), 4), "f: w: expected whole numbers in \"shape\", found \"1\"");
  CHECK_THROWS_WITH(parse(one_tensor("F32", "[9223372036854775808]", "[0,4]"), 4),
                    "f: w: expected whole numbers in \"shape\", found 9223372036854775808");
  CHECK_THROWS_WITH(parse(one_tensor("F32", "[1]", "[-4,0]"), 4), "f: w: expected whole numbers in \"data_offsets\", found -4");
  CHECK_THROWS_WITH(parse(one_tensor("F32", "1", "[0,4]"), 4), "f: w: expected a list \"shape\"");
}

TEST_CASE("a shape whose size overflows is refused") {
  // 2^32 * 2^32 = 2^64 would wrap to 0 elements, which fit anywhere
  CHECK_THROWS_WITH(parse(one_tensor("F32", "[4294967296,4294967296]", "[0,0]"), 0),
                    "f: w: shape [4294967296, 4294967296] is too large");
  // 2^62 elements fit, their 2^64 bytes wrap
  CHECK_THROWS_WITH(parse(one_tensor("F32", "[4611686018427387904]", "[0,0]"), 0),
                    "f: w: shape [4611686018427387904] is too large");
  CHECK_THROWS_WITH(parse(one_tensor("F32", "[0,4294967296,4294967296]", "[0,0]"), 0),
                    "f: w: shape [0, 4294967296, 4294967296] is too large");
}

TEST_CASE("a type must be known and agree with the number of bytes") {
  CHECK_THROWS_WITH(parse(one_tensor("F33", "[1]", "[0,4]"), 4), "f: w: unknown dtype \"F33\"");
  CHECK_THROWS_WITH(parse(one_tensor("F32", "[2,3]", "[0,20]"), 20), "f: w: expected 24 bytes for F32 [2, 3], found 20");
  CHECK_THROWS_WITH(parse(one_tensor("F64", "[2,3]", "[0,24]"), 24), "f: w: expected 48 bytes for F64 [2, 3], found 24");
  CHECK_THROWS_WITH(parse(one_tensor("F32", "[0]", "[0,4]"), 4), "f: w: expected 0 bytes for F32 [0], found 4");
}

TEST_CASE("offsets must lie within the data") {
  CHECK_THROWS_WITH(parse(one_tensor("F32", "[2]", "[0,8]"), 7),
                    "f: w: expected data_offsets [begin, end] within 7 bytes, found [0, 8]");
  CHECK_THROWS_WITH(parse(one_tensor("F32", "[1]", "[4,0]"), 8),
                    "f: w: expected data_offsets [begin, end] within 8 bytes, found [4, 0]");
  CHECK_THROWS_WITH(parse(one_tensor("F32", "[1]", "[4]"), 8),
                    "f: w: expected data_offsets [begin, end] within 8 bytes, found [4]");
}

TEST_CASE("tensors must cover the data without gap or overlap") {
  const auto two = [](const std::string& first, const std::string& second) {
    return R"({"a":{"dtype":"F32","shape":[1],"data_offsets":)" + first +
           R"(},"b":{"dtype":"F32","shape":[1],"data_offsets":)" + second + "}}";
  };
  CHECK(parse(two("[4,8]", "[0,4]"), 8).tensors.size() == 2);
  CHECK_THROWS_WITH(parse(two("[0,4]", "[0,4]"), 4), "f: b: expected data from byte 4, found 0");
  CHECK_THROWS_WITH(parse(two("[0,4]", "[2,6]"), 6), "f: b: expected data from byte 4, found 2");
  CHECK_THROWS_WITH(parse(two("[0,4]", "[8,12]"), 12), "f: b: expected data from byte 4, found 8");
  CHECK_THROWS_WITH(parse(two("[0,4]", "[4,8]"), 12), "f: expected 8 bytes of tensors, found 12");
}
