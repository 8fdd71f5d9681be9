#pragma once

#include <charconv>
#include <concepts>
#include <locale>
#include <sstream>

#include "deltanet/core/random.hpp"
#include "deltanet/io/safetensors.hpp"

/// Numbers, texts and random generators as metadata, and back to the last bit.
namespace deltanet {

/// A number or a text: what metadata can hold. Decimal, whatever the locale; floating point with as many digits as it takes.
template <class Value>
concept MetadataValue = std::same_as<Value, std::string> || std::same_as<Value, Random> || Real<Value> ||
    (std::integral<Value> && !std::same_as<Value, bool>);

template <MetadataValue Value>
[[nodiscard]] std::string metadata_text(const Value& value) {
  if constexpr (std::same_as<Value, std::string>) {
    return value;
  } else if constexpr (std::same_as<Value, Random>) {
    std::ostringstream text;
    text.imbue(std::locale::classic());
    text << value.engine();
    return text.str();
  } else {
    std::array<char, 64> digits;
    return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr};
  }
}

/// The value that a file's metadata has under `key`. Throws `std::runtime_error` if there is none or it is something else:
/// "run.safetensors: metadata step: expected a whole number, found "x"".
template <MetadataValue Value>
[[nodiscard]] Value metadata_value(const SafetensorsFile& file, const std::string& key) {
  const auto found = file.metadata().find(key);
  if (found == file.metadata().end()) detail::file_error(file.path(), "metadata ", key, ": expected a value, found none");
  const std::string& text = found->second;
  const auto fail = [&](const char* expected) {
    detail::file_error(file.path(), "metadata ", key, ": expected ", expected, ", found \"", text.substr(0, 100), '"');
  };
  if constexpr (std::same_as<Value, std::string>) {
    return text;
  } else if constexpr (std::same_as<Value, Random>) {
    Random random(0);
    std::istringstream stream(text);
    stream.imbue(std::locale::classic());
    if (!(stream >> random.engine()) || !stream.eof()) fail("the state of a random generator");
    return random;
  } else {
    Value value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) fail(std::integral<Value> ? "a whole number" : "a number");
    return value;
  }
}

}  // namespace deltanet
