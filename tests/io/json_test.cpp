#include "deltanet/io/json.hpp"

#include "support/catch.hpp"

namespace {

nlohmann::json parse(const std::string& text) {
  return deltanet::detail::parse_json("f", text, {.name = "list", .levels = 2, .max_bytes = 1000});
}

}  // namespace

TEST_CASE("JSON within its limits is read") {
  CHECK(parse(R"({"a": {"b": 1}, "c": {"b": 2}, "d": [1, 2.5, "x", null]})").size() == 3);
  CHECK(parse("7") == 7);
}

TEST_CASE("JSON beyond its limits is refused before it is built") {
  CHECK_THROWS_WITH(parse("[[[]]]"), "f: list: expected at most 2 levels of JSON");
  CHECK_THROWS_WITH(parse(std::string(1000, '[')), "f: list: expected at most 2 levels of JSON");
  CHECK_THROWS_WITH(parse(std::string(1001, ' ')), "f: list: expected at most 1000 bytes, found 1001");
}

TEST_CASE("JSON with a name twice or that is not strict is refused") {
  CHECK_THROWS_WITH(parse(R"({"a": 1, "a": 1})"), "f: a: the list has this name twice");
  CHECK_THROWS_WITH(parse(R"([{"b": 1, "b": 1}])"), "f: b: the list has this name twice");
  CHECK_NOTHROW(parse(R"([{"b": 1}, {"b": 1}])"));
  for (const std::string text : {"", "{", "[1,]", "{} 1", "NaN", "1e999", "'a'", "// 1\n1", "\"\xff\"", "[1] \x01"})
    CHECK_THROWS_WITH(parse(text), Catch::Matchers::StartsWith("f: list: expected JSON, found: "));
}

TEST_CASE("values in messages are short and printable") {
  using deltanet::detail::json_text;
  CHECK(json_text("text") == "\"text\"");
  CHECK(json_text({1, 2}) == "[1,2]");
  CHECK(json_text(nlohmann::json::array_t(100, 1)) == "a list of 100");
  CHECK(json_text(std::string(100, 'x')) == '"' + std::string(59, 'x') + "...");
}
