#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "support/options.hpp"

/// The text: all files one after the other, and its tail that is not trained on.
namespace example {

/// The files to read: those given, or all Eigen headers in the order of their names.
inline std::vector<std::filesystem::path> corpus_files(const std::vector<std::string>& given) {
  namespace fs = std::filesystem;
  if (!given.empty()) return {given.begin(), given.end()};
  std::vector<fs::path> files;
  for (const char* folder : {"Eigen", "unsupported/Eigen"}) {
    const fs::path path = fs::path(DELTANET_EIGEN_DIR) / folder;
    if (!fs::is_directory(path)) throw UsageError("no Eigen headers in " + path.string() + "; give files with --data");
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

/// Reads the text of a recipe. Throws UsageError for files that cannot be read or are empty, and if too little is left to
/// train.
inline Corpus read_corpus(const Recipe& recipe) {
  Corpus corpus;
  for (const auto& path : corpus_files(recipe.data)) {
    std::ifstream file(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    if (!file.is_open() || file.bad()) throw UsageError(path.string() + ": the file cannot be read");
    if (text.empty() && !recipe.data.empty()) throw UsageError(path.string() + ": the file is empty");
    corpus.text += text;
    ++corpus.files;
  }
  const auto size = static_cast<double>(corpus.text.size());
  corpus.train_size = static_cast<Index>(corpus.text.size()) - static_cast<Index>(size * recipe.held_out);
  if (corpus.train_size <= recipe.seq_len)
    throw UsageError("the text has " + std::to_string(corpus.train_size) + " bytes to train on; expected more than --seq-len " +
                     std::to_string(recipe.seq_len));
  return corpus;
}

}  // namespace example
