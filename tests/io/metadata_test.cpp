#include "deltanet/io/metadata.hpp"

#include "io/temporary_folder.hpp"
#include "support/catch.hpp"

namespace {

using namespace deltanet;

template <class Value>
Value round_trip(const Value& value) {
  const TemporaryFolder folder;
  write_safetensors(folder / "f", {}, {{"value", metadata_text(value)}});
  return metadata_value<Value>(SafetensorsFile(folder / "f"), "value");
}

}  // namespace

TEST_CASE("numbers and texts come back from metadata to the last bit") {
  CHECK(round_trip<Index>(-42) == -42);
  CHECK(round_trip(std::numeric_limits<std::uint64_t>::max()) == std::numeric_limits<std::uint64_t>::max());
  CHECK(round_trip(0.1 + 0.2) == 0.1 + 0.2);
  CHECK(round_trip(std::numeric_limits<double>::denorm_min()) == std::numeric_limits<double>::denorm_min());
  CHECK(round_trip(0.1F) == 0.1F);
  CHECK(round_trip(std::string("a = \"b\"\n")) == "a = \"b\"\n");
}

TEST_CASE("a random generator goes on from metadata where it stopped") {
  Random random(7);
  for (int i = 0; i < 1000; ++i) random.normal();
  Random restored = round_trip(random);
  for (int i = 0; i < 1000; ++i) CHECK(restored.normal() == random.normal());
}

TEST_CASE("metadata that is missing or something else is named") {
  const TemporaryFolder folder;
  write_safetensors(folder / "f", {}, {{"step", "12x"}, {"big", "300"}, {"random", "1 2 3"}, {"rate", ""}});
  const SafetensorsFile file(folder / "f");
  const std::string path = (folder / "f").string();
  CHECK_THROWS_WITH(metadata_value<Index>(file, "none"), path + ": metadata none: expected a value, found none");
  CHECK_THROWS_WITH(metadata_value<Index>(file, "step"), path + ": metadata step: expected a whole number, found \"12x\"");
  CHECK_THROWS_WITH(metadata_value<std::int8_t>(file, "big"), path + ": metadata big: expected a whole number, found \"300\"");
  CHECK_THROWS_WITH(metadata_value<double>(file, "rate"), path + ": metadata rate: expected a number, found \"\"");
  CHECK_THROWS_WITH(metadata_value<Random>(file, "random"),
                    path + ": metadata random: expected the state of a random generator, found \"1 2 3\"");
}
