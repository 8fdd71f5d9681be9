#pragma once

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

/// What the tests of the tree's structure read: files, and the headers that a text names. Headers go by the path that an
/// #include gives, such as "deltanet/core/tensor.hpp".
namespace structure {

namespace fs = std::filesystem;

inline std::string read(const fs::path& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// The headers that `text` names after `before`, in the order of the text.
inline std::vector<std::string> headers_named(const std::string& text, const std::string& before) {
  const std::regex name(before + R"((deltanet/[\w/]+\.hpp))");
  std::vector<std::string> headers;
  for (std::sregex_iterator match(text.begin(), text.end(), name), end; match != end; ++match) headers.push_back((*match)[1]);
  return headers;
}

inline std::vector<std::string> headers_included(const fs::path& file) { return headers_named(read(file), R"(#include ["<])"); }

/// The folder of a header: core of deltanet/core/tensor.hpp, and nothing for deltanet/deltanet.hpp.
inline std::string folder_of(const fs::path& header) {
  const std::string folder = header.parent_path().filename().string();
  return folder == "deltanet" ? "" : folder;
}

/// Every header below `include`.
inline std::set<std::string> headers_below(const fs::path& include) {
  std::set<std::string> headers;
  for (const auto& entry : fs::recursive_directory_iterator(include))
    if (entry.path().extension() == ".hpp") headers.insert(entry.path().lexically_relative(include).generic_string());
  return headers;
}

/// One line for each entry of `expected` that `found` lacks.
template <class Found>
std::vector<std::string> missing(const std::set<std::string>& expected, const Found& found, const std::string& where) {
  const std::set<std::string> present(found.begin(), found.end());
  std::vector<std::string> lines;
  for (const std::string& header : expected)
    if (!present.contains(header)) lines.push_back(header + " is missing from " + where);
  return lines;
}

}  // namespace structure
