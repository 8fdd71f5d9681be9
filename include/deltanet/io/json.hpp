#pragma once

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "deltanet/io/file.hpp"

/// JSON that may come from anybody.
namespace deltanet::detail {

/// What a JSON text may be, and what messages call it.
struct JsonLimits {
  std::string_view name;    ///< of the text: "header"
  std::size_t levels;       ///< of objects and lists within each other
  std::uint64_t max_bytes;  ///< of the whole text
};

/// Parses strict JSON at most `levels` deep, in which no object has a name twice (plain parsing would keep the last). Throws
/// `std::runtime_error`, which names the path. Depth is checked before anything is built.
inline nlohmann::json parse_json(const std::filesystem::path& path, std::string_view text, const JsonLimits& limits) {
  using Event = nlohmann::json::parse_event_t;
  if (text.size() > limits.max_bytes)
    file_error(path, limits.name, ": expected at most ", limits.max_bytes, " bytes, found ", text.size());
  std::vector<std::set<std::string>> names(limits.levels + 1);  // of the object that is open at each depth
  const auto check = [&](int depth, Event event, nlohmann::json& value) {
    const auto level = static_cast<std::size_t>(depth);
    if (event == Event::object_start || event == Event::array_start) {
      if (level >= limits.levels) file_error(path, limits.name, ": expected at most ", limits.levels, " levels of JSON");
      names[level + 1].clear();
    }
    if (event == Event::key && !names[level].insert(value.get<std::string>()).second)
      file_error(path, value.get<std::string>(), ": the ", limits.name, " has this name twice");
    return true;
  };
  try {
    return nlohmann::json::parse(text.begin(), text.end(), check);
  } catch (const nlohmann::json::exception& error) {
    file_error(path, limits.name, ": expected JSON, found: ", error.what());
  }
}

/// A value as text for messages, shortened where it is long.
inline std::string json_text(const nlohmann::json& value) {
  constexpr std::size_t most = 60;
  if (value.is_structured() && value.size() > most)
    return concat(value.is_object() ? "an object" : "a list", " of ", value.size());
  std::string text = value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (text.size() > most) text.replace(most, std::string::npos, "...");
  return text;
}

}  // namespace deltanet::detail
