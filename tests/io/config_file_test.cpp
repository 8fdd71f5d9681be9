#include "deltanet/io/config_file.hpp"

#include "io/temporary_folder.hpp"
#include "support/catch.hpp"

namespace {

using deltanet::ConfigFile;
using deltanet::Index;

const ConfigFile example("config.json", R"({
  "hidden_size": 64, "eps": 1e-06, "tied": true, "model_type": "qwen3_5_text", "eos_token_id": null, "theta": 10000, "low": -3,
  "layer_types": ["linear_attention", "full_attention"], "ids": [1, 2, 3], "large": 4294967296, "huge": 18446744073709551615,
  "rope_parameters": {"rope_theta": 1e4, "inner": {"type": "default"}}
})");

}  // namespace

TEST_CASE("a config's values are read in their types") {
  CHECK(example.get<Index>("hidden_size") == 64);
  CHECK(example.get<int>("low") == -3);
  CHECK(example.get<double>("eps") == 1e-6);
  CHECK(example.get<float>("theta") == 10000);
  CHECK(example.get<bool>("tied"));
  CHECK(example.get<std::string>("model_type") == "qwen3_5_text");
  CHECK(example.get<std::vector<std::string>>("layer_types") == std::vector<std::string>{"linear_attention", "full_attention"});
  CHECK(example.get<std::vector<Index>>("ids") == std::vector<Index>{1, 2, 3});
  CHECK(example.get<Index>("large") == 4294967296);
  CHECK(example.object("rope_parameters").get<double>("rope_theta") == 1e4);
  CHECK(example.object("rope_parameters").object("inner").get<std::string>("type") == "default");
}

TEST_CASE("a value that is absent or null is none") {
  CHECK(example.contains("tied"));
  CHECK_FALSE(example.contains("eos_token_id"));
  CHECK_FALSE(example.contains("absent"));
  CHECK(example.find<Index>("hidden_size") == 64);
  CHECK(example.find<Index>("eos_token_id") == std::nullopt);
  CHECK(example.get_or<bool>("tied", false));
  CHECK(example.get_or<double>("absent", 0.5) == 0.5);
  CHECK(example.object("rope_parameters").keys() == std::vector<std::string>{"inner", "rope_theta"});
}

TEST_CASE("a value that is missing, of another type or out of range is named") {
  CHECK_THROWS_WITH(example.get<Index>("absent"), "config.json: absent: expected a whole number, found none");
  CHECK_THROWS_WITH(example.get<Index>("eos_token_id"), "config.json: eos_token_id: expected a whole number, found none");
  CHECK_THROWS_WITH(example.get<Index>("eps"), "config.json: eps: expected a whole number, found 1e-06");
  CHECK_THROWS_WITH(example.get<int>("large"), "config.json: large: expected a whole number of 32 bits, found 4294967296");
  CHECK_THROWS_WITH(example.get<Index>("huge"), "config.json: huge: expected a whole number, found 18446744073709551615");
  CHECK_THROWS_WITH(example.get<double>("tied"), "config.json: tied: expected a number, found true");
  CHECK_THROWS_WITH(example.get<bool>("hidden_size"), "config.json: hidden_size: expected true or false, found 64");
  CHECK_THROWS_WITH(example.get<std::string>("ids"), "config.json: ids: expected a text, found [1,2,3]");
  CHECK_THROWS_WITH(example.get<std::vector<Index>>("layer_types"),
                    "config.json: layer_types[0]: expected a whole number, found \"linear_attention\"");
  CHECK_THROWS_WITH(example.get<std::vector<Index>>("low"),
                    "config.json: low: expected a list, each entry a whole number, found -3");
  CHECK_THROWS_WITH(example.get_or<Index>("tied", 1), "config.json: tied: expected a whole number, found true");
  CHECK_THROWS_WITH(example.object("ids"), "config.json: ids: expected an object, found [1,2,3]");
  CHECK_THROWS_WITH(example.object("absent"), "config.json: absent: expected an object, found none");
  CHECK_THROWS_WITH(example.object("rope_parameters").get<std::string>("rope_theta"),
                    "config.json: rope_parameters.rope_theta: expected a text, found 10000.0");
}

TEST_CASE("a number beyond float is not read as infinity") {
  const ConfigFile large("f", R"({"x": 1e39, "y": -1e39})");
  CHECK(large.get<double>("x") == 1e39);
  CHECK_THROWS_WITH(large.get<float>("x"), "f: x: expected a number, found 1e+39");
  CHECK_THROWS_WITH(large.get<float>("y"), "f: y: expected a number, found -1e+39");
}

TEST_CASE("a nested object outlives the file it came from") {
  const ConfigFile nested = ConfigFile("f", R"({"a": {"b": 1}})").object("a");
  CHECK(nested.get<Index>("b") == 1);
}

TEST_CASE("a file that is no config is refused") {
  const TemporaryFolder folder;
  const std::string path = (folder / "config.json").string();
  CHECK_THROWS_WITH(ConfigFile(path), path + ": cannot open: No such file or directory");
  write_text(path, "[]");
  CHECK_THROWS_WITH(ConfigFile(path), path + ": expected an object, found []");
  write_text(path, R"({"a": 1)");
  CHECK_THROWS_WITH(ConfigFile(path), Catch::Matchers::StartsWith(path + ": file: expected JSON, found: "));
  write_text(path, R"({"a": 1, "a": 2})");
  CHECK_THROWS_WITH(ConfigFile(path), path + ": a: the file has this name twice");
  std::filesystem::resize_file(path, 64'000'001);  // sparse
  CHECK_THROWS_WITH(ConfigFile(path), path + ": expected at most 64000000 bytes, found 64000001");
}

TEST_CASE("a config may have one value or a list of them") {
  const ConfigFile lists("c", R"({"one": 7, "list": [8, 9], "none": null, "other": "x"})");
  CHECK(lists.one_or_more<Index>("one") == std::vector<Index>{7});
  CHECK(lists.one_or_more<Index>("list") == std::vector<Index>{8, 9});
  CHECK(lists.one_or_more<Index>("none").empty());
  CHECK_THROWS_WITH(lists.one_or_more<Index>("other"), R"(c: other: expected a whole number, found "x")");
}
