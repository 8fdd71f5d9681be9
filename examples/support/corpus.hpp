#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "deltanet/core/tensor.hpp"
#include "support/usage_error.hpp"

/// The text: all files one after the other, and its tail that is not trained on.
namespace example {

using deltanet::Index;

/// The files to read: those given by `flag`, or all Eigen headers in the order of their names.
inline std::vector<std::filesystem::path> corpus_files(const std::vector<std::string>& given, const std::string& flag) {
  namespace fs = std::filesystem;
  if (!given.empty()) return {given.begin(), given.end()};
  std::vector<fs::path> files;
  for (const char* folder : {"Eigen", "unsupported/Eigen"}) {
    const fs::path path = fs::path(DELTANET_EIGEN_DIR) / folder;
    if (!fs::is_directory(path)) throw UsageError("no Eigen headers in " + path.string() + "; give files with " + flag);
    for (const auto& entry : fs::recursive_directory_iterator(path))
      if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

struct Corpus {
  std::string text;
  Index files = 0;
  Index train_size = 0;  // the first bytes; the rest is held out

  [[nodiscard]] std::string_view training() const {
    return std::string_view(text).substr(0, static_cast<std::size_t>(train_size));
  }
  [[nodiscard]] Index held_out_size() const { return static_cast<Index>(text.size()) - train_size; }
  [[nodiscard]] std::string_view held_out() const {
    return std::string_view(text).substr(static_cast<std::size_t>(train_size));
  }

  /// A number that tells this text from others (FNV-1a).
  [[nodiscard]] std::uint64_t fingerprint() const {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return hash;
  }
};

/// Reads the files that `flag` gives, or the Eigen headers where it gives none, and holds out a share of the text, its tail.
/// Throws UsageError for files that cannot be read or are empty.
inline Corpus read_corpus(const std::vector<std::string>& given, const std::string& flag, double held_out) {
  Corpus corpus;
  for (const auto& path : corpus_files(given, flag)) {
    std::ifstream file(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    if (!file.is_open() || file.bad()) throw UsageError(path.string() + ": the file cannot be read");
    if (text.empty() && !given.empty()) throw UsageError(path.string() + ": the file is empty");
    corpus.text += text;
    ++corpus.files;
  }
  const auto size = static_cast<double>(corpus.text.size());
  corpus.train_size = static_cast<Index>(corpus.text.size()) - static_cast<Index>(size * held_out);
  return corpus;
}

}  // namespace example
