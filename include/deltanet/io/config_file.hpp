#pragma once

#include <concepts>
#include <limits>
#include <memory>
#include <optional>

#include "deltanet/io/json.hpp"

/// Reading config.json, strictly: a value that is missing, of another type or out of range is an error that names it.
///
///   const ConfigFile config(folder / "config.json");
///   const auto hidden_size = config.get<Index>("hidden_size");
///   const auto tied = config.get_or<bool>("tie_word_embeddings", false);
///   const auto theta = config.object("rope_parameters").get<double>("rope_theta");
///
/// Errors are `std::runtime_error`s: `model/config.json: rope_parameters.rope_theta: expected a number, found "10000"`.
namespace deltanet {

namespace detail {

template <class Value>
inline constexpr bool is_config_scalar = std::same_as<Value, bool> || std::same_as<Value, std::string> || Real<Value> ||
                                         (std::signed_integral<Value> && sizeof(Value) >= 4);
template <class Value>
inline constexpr bool is_config_list = false;
template <class Item>
inline constexpr bool is_config_list<std::vector<Item>> = is_config_scalar<Item>;

}  // namespace detail

/// What can be read from a config: bool, whole numbers, float or double, texts, and lists of one of these.
template <class Value>
concept ConfigValue = detail::is_config_scalar<Value> || detail::is_config_list<Value>;

/// An object of a JSON file: the whole file, or one nested in it. A copy is cheap and keeps what it needs.
class ConfigFile {
 public:
  /// Reads a file of at most 64 MB, 32 levels deep and with no name twice in an object.
  explicit ConfigFile(const std::filesystem::path& path) : ConfigFile(path, InputFile(path).text(limits.max_bytes)) {}

  /// Reads the file's content given as text.
  ConfigFile(const std::filesystem::path& path, std::string_view text)
      : path_(path), object_(std::make_shared<nlohmann::json>(detail::parse_json(path, text, limits))) {
    if (!object_->is_object()) detail::file_error(path_, "expected an object, found ", detail::json_text(*object_));
  }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  /// Whether there is a value; null, which is how Hugging Face writes None, counts as none.
  [[nodiscard]] bool contains(const std::string& key) const { return find_json(key) != nullptr; }

  /// The names of all values, null ones included.
  [[nodiscard]] std::vector<std::string> keys() const {
    std::vector<std::string> names;
    for (const auto& [name, value] : object_->items()) names.push_back(name);
    return names;
  }

  /// A value that must be there.
  template <ConfigValue Value>
  [[nodiscard]] Value get(const std::string& key) const {
    const nlohmann::json* const value = find_json(key);
    if (!value) fail(key, expected_text<Value>(), "none");
    return convert<Value>(key, *value);
  }

  /// A value, or nothing if there is none.
  template <ConfigValue Value>
  [[nodiscard]] std::optional<Value> find(const std::string& key) const {
    return contains(key) ? std::optional(get<Value>(key)) : std::nullopt;
  }

  /// A value, or `otherwise` if there is none.
  template <ConfigValue Value>
  [[nodiscard]] Value get_or(const std::string& key, const std::type_identity_t<Value>& otherwise) const {
    return contains(key) ? get<Value>(key) : otherwise;
  }

  /// One value, or the entries of a list, or nothing.
  template <ConfigValue Value>
  [[nodiscard]] std::vector<Value> one_or_more(const std::string& key) const {
    const nlohmann::json* const value = find_json(key);
    if (!value) return {};
    return value->is_array() ? get<std::vector<Value>>(key) : std::vector<Value>{get<Value>(key)};
  }

  /// An object that must be there; messages name its values "key.name".
  [[nodiscard]] ConfigFile object(const std::string& key) const {
    const nlohmann::json* const value = find_json(key);
    if (!value || !value->is_object()) fail(key, "an object", value ? detail::json_text(*value) : "none");
    ConfigFile nested = *this;
    nested.object_ = std::shared_ptr<const nlohmann::json>(object_, value);
    nested.prefix_ = prefix_ + key + '.';
    return nested;
  }

  /// Throws "path: key: expected .., found ..", for what only the caller can judge.
  [[noreturn]] void fail(const std::string& key, std::string_view expected, std::string_view found) const {
    detail::file_error(path_, prefix_, key, ": expected ", expected, ", found ", found);
  }

 private:
  static constexpr detail::JsonLimits limits{.name = "file", .levels = 32, .max_bytes = 64'000'000};

  [[nodiscard]] const nlohmann::json* find_json(const std::string& key) const {
    const auto found = object_->find(key);
    return found == object_->end() || found->is_null() ? nullptr : &*found;
  }

  template <class Value>
  static std::string expected_text() {
    if constexpr (detail::is_config_list<Value>) return "a list, each entry " + expected_text<typename Value::value_type>();
    if constexpr (std::same_as<Value, bool>) return "true or false";
    if constexpr (std::same_as<Value, std::string>) return "a text";
    if constexpr (Real<Value>) return "a number";
    return sizeof(Value) == 4 ? "a whole number of 32 bits" : "a whole number";
  }

  template <class Value>
  [[nodiscard]] Value convert(const std::string& key, const nlohmann::json& value) const {
    if constexpr (detail::is_config_list<Value>) {
      if (!value.is_array()) fail(key, expected_text<Value>(), detail::json_text(value));
      Value list;
      for (const auto& item : value)
        list.push_back(convert<typename Value::value_type>(key + '[' + std::to_string(list.size()) + ']', item));
      return list;
    } else {
      if (!fits<Value>(value)) fail(key, expected_text<Value>(), detail::json_text(value));
      return value.get<Value>();
    }
  }

  template <class Value>
  static bool fits(const nlohmann::json& value) {
    if constexpr (std::same_as<Value, bool>)
      return value.is_boolean();
    else if constexpr (std::same_as<Value, std::string>)
      return value.is_string();
    else if constexpr (Real<Value>)
      return value.is_number() && std::abs(value.get<double>()) <= double{std::numeric_limits<Value>::max()};
    else if (value.is_number_unsigned())
      return value.get<std::uint64_t>() <= std::uint64_t{std::numeric_limits<Value>::max()};
    else
      return value.is_number_integer() && value.get<std::int64_t>() >= std::int64_t{std::numeric_limits<Value>::min()};
  }

  std::filesystem::path path_;
  std::string prefix_;  // of the names in messages: "rope_parameters."
  std::shared_ptr<const nlohmann::json> object_;
};

}  // namespace deltanet
