#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "deltanet/io/dtype.hpp"
#include "deltanet/io/json.hpp"

/// The JSON header of a safetensors file (https://github.com/huggingface/safetensors, section "Format"):
///
///   {"__metadata__": {"name": "text"}, "w": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ...}
///
/// The file is the header's length (8 bytes, little endian), the header, and the tensors' bytes, which `data_offsets` index
/// without gap or overlap. What is read here may come from anybody: everything is checked before it is used.
namespace deltanet {

/// Free text by name, stored beside the tensors.
using Metadata = std::map<std::string, std::string>;

/// Where a tensor lies in the data part of a file, and what it is.
struct TensorEntry {
  DType dtype;
  std::vector<Index> shape;
  std::uint64_t begin, end;  // bytes from the start of the data
};

struct SafetensorsHeader {
  std::map<std::string, TensorEntry> tensors;
  Metadata metadata;
};

namespace detail {

inline constexpr std::string_view metadata_name = "__metadata__";
/// 100 MB is the limit of the reference implementation; lists in a tensor's object in the header are the third level.
inline constexpr JsonLimits header_limits{.name = "header", .levels = 3, .max_bytes = 100'000'000};

/// "F32 [2, 3]"
inline std::string type_text(const DType& dtype, const std::vector<Index>& shape) {
  return concat(dtype.name, ' ', shape_text(shape));
}
inline std::string type_text(const TensorEntry& entry) { return type_text(entry.dtype, entry.shape); }

/// The number of elements of a shape; the product of the extents other than zero must fit an Index.
inline std::uint64_t count_elements(const std::filesystem::path& path, const std::string& name,
                                    const std::vector<Index>& shape) {
  Index product = 1;
  for (const Index extent : shape) {
    if (extent > 0 && product > std::numeric_limits<Index>::max() / 8 / extent)
      file_error(path, name, ": shape ", shape_text(shape), " is too large");
    product *= std::max<Index>(extent, 1);
  }
  return std::find(shape.begin(), shape.end(), 0) == shape.end() ? static_cast<std::uint64_t>(product) : 0;
}

inline TensorEntry parse_entry(const std::filesystem::path& path, const std::string& name, const nlohmann::json& value,
                               std::uint64_t data_size) {
  const auto numbers = [&](const char* key) {
    std::vector<Index> list;
    const bool present = value.is_object() && value.contains(key) && value[key].is_array();
    if (!present) file_error(path, name, ": expected a list \"", key, '"');
    for (const auto& number : value[key]) {
      if (!number.is_number_unsigned() || number.get<std::uint64_t>() > std::uint64_t{std::numeric_limits<Index>::max()})
        file_error(path, name, ": expected whole numbers in \"", key, "\", found ", number.dump());
      list.push_back(number.get<Index>());
    }
    return list;
  };
  const std::vector<Index> shape = numbers("shape"), offsets = numbers("data_offsets");
  if (!value.contains("dtype") || !value["dtype"].is_string()) file_error(path, name, ": expected a text \"dtype\"");
  const auto dtype_name = value["dtype"].get<std::string>();
  const auto* dtype = std::find_if(dtypes.begin(), dtypes.end(), [&](const DType& d) { return d.name == dtype_name; });
  if (dtype == dtypes.end()) file_error(path, name, ": unknown dtype \"", dtype_name, '"');

  const std::uint64_t size = count_elements(path, name, shape) * dtype->size;
  if (offsets.size() != 2 || offsets[0] > offsets[1] || static_cast<std::uint64_t>(offsets[1]) > data_size)
    file_error(path, name, ": expected data_offsets [begin, end] within ", data_size, " bytes, found ", shape_text(offsets));
  const auto found = static_cast<std::uint64_t>(offsets[1] - offsets[0]);
  if (found != size) file_error(path, name, ": expected ", size, " bytes for ", type_text(*dtype, shape), ", found ", found);
  return {*dtype, shape, static_cast<std::uint64_t>(offsets[0]), static_cast<std::uint64_t>(offsets[1])};
}

/// Throws unless the tensors cover the data without gap or overlap.
inline void check_layout(const std::filesystem::path& path, const SafetensorsHeader& header, std::uint64_t data_size) {
  std::vector<std::pair<std::pair<std::uint64_t, std::uint64_t>, std::string_view>> ranges;
  for (const auto& [name, entry] : header.tensors) ranges.push_back({{entry.begin, entry.end}, name});
  std::sort(ranges.begin(), ranges.end());
  std::uint64_t position = 0;
  for (const auto& [range, name] : ranges) {
    if (range.first != position) file_error(path, name, ": expected data from byte ", position, ", found ", range.first);
    position = range.second;
  }
  if (position != data_size) file_error(path, "expected ", position, " bytes of tensors, found ", data_size);
}

}  // namespace detail

/// Reads a header's JSON for a file with `data_size` bytes after it. Throws `std::runtime_error`, which names `path`.
inline SafetensorsHeader parse_safetensors_header(const std::filesystem::path& path, std::string_view text,
                                                  std::uint64_t data_size) {
  const nlohmann::json json = detail::parse_json(path, text, detail::header_limits);
  if (!json.is_object()) detail::file_error(path, "header: expected a JSON object, found ", json.type_name());
  SafetensorsHeader header;
  for (const auto& [name, value] : json.items()) {
    if (name != detail::metadata_name) {
      header.tensors.emplace(name, detail::parse_entry(path, name, value, data_size));
      continue;
    }
    if (!value.is_object()) detail::file_error(path, name, ": expected an object, found ", value.type_name());
    for (const auto& [key, content] : value.items()) {
      if (!content.is_string()) detail::file_error(path, "metadata ", key, ": expected a text, found ", content.type_name());
      header.metadata.emplace(key, content.get<std::string>());
    }
  }
  detail::check_layout(path, header, data_size);
  return header;
}

}  // namespace deltanet
