#pragma once

#include "deltanet/io/config_file.hpp"
#include "deltanet/io/safetensors.hpp"

namespace deltanet {

/// All tensors of a checkpoint, in one file or several, as if they were in one. Opened from
///
///   a folder            of Hugging Face's layout: its model.safetensors, or else what its model.safetensors.index.json lists
///   *.index.json        the files that its "weight_map" assigns tensors to: {"weight_map": {"w":
///   "model-00001-of-00002.safetensors"}} any other file      a safetensors file
///
/// Errors are `std::runtime_error`s which name the file. Opening checks every header, that each tensor of the index is in its
/// file, and that each tensor of a file is in the index; "total_size", which writers count differently, is not compared.
class TensorStore {
 public:
  explicit TensorStore(const std::filesystem::path& path) : path_(path) {
    constexpr const char* single = "model.safetensors";
    constexpr const char* index = "model.safetensors.index.json";
    if (std::filesystem::is_directory(path)) {
      path_ = path / single;
      if (!std::filesystem::exists(path_)) path_ = path / index;
      if (!std::filesystem::exists(path_)) detail::file_error(path, "expected ", single, " or ", index, ", found neither");
    }
    if (path_.string().ends_with(".index.json"))
      open_shards();
    else
      add_file(path_, [](const std::string&) {});
  }

  /// The safetensors file, or the index of several.
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] const std::vector<SafetensorsFile>& files() const { return files_; }
  [[nodiscard]] const std::map<std::string, TensorEntry>& tensors() const { return tensors_; }

  /// The file that has a tensor, which must be there.
  [[nodiscard]] const SafetensorsFile& file_of(const std::string& name) const {
    const auto found = file_of_.find(name);
    if (found == file_of_.end()) detail::file_error(path_, name, ": expected a tensor, found none of this name");
    return files_[found->second];
  }

  // What SafetensorsFile has by these names.
  [[nodiscard]] const TensorEntry& entry(const std::string& name) const { return file_of(name).entry(name); }
  [[nodiscard]] std::span<const std::byte> bytes(const std::string& name) const { return file_of(name).bytes(name); }
  template <Element T>
  void expect_readable(const std::string& name) const {
    file_of(name).expect_readable<T>(name);
  }
  template <Element T>
  void read(const std::string& name, T* destination) const {
    file_of(name).read(name, destination);
  }
  template <Element T, int N>
  [[nodiscard]] Tensor<T, N> tensor(const std::string& name) const {
    return file_of(name).tensor<T, N>(name);
  }

 private:
  /// Opens a file; check(name) is called for each of its tensors.
  template <class Check>
  void add_file(const std::filesystem::path& path, const Check& check) {
    const SafetensorsFile& file = files_.emplace_back(path);
    for (const auto& [name, entry] : file.tensors()) {
      check(name);
      tensors_.emplace(name, entry);
      file_of_.emplace(name, files_.size() - 1);
    }
  }

  void open_shards() {
    const ConfigFile weight_map = ConfigFile(path_).object("weight_map");
    std::map<std::string, std::vector<std::string>> names_in;  // of the tensors that the index assigns to each file
    for (const std::string& name : weight_map.keys()) {
      const auto file = weight_map.get<std::string>(name);
      const bool plain = std::filesystem::path(file).filename() == file && file != "." && file != ".." && !file.empty();
      if (!plain || file.find('\0') != std::string::npos)
        weight_map.fail(name, "the name of a file beside the index", '"' + file + '"');
      names_in[file].push_back(name);
    }
    for (const auto& assigned : names_in) {
      const std::string& file = assigned.first;
      const std::vector<std::string>& names = assigned.second;
      const std::filesystem::path path = path_.parent_path() / file;
      if (!std::filesystem::exists(path))
        weight_map.fail(names.front(), "the file " + file, "none of this name beside the index");
      add_file(path, [&](const std::string& name) {
        const auto listed = weight_map.find<std::string>(name);
        if (listed != file)
          detail::file_error(path, name, ": expected in ", path_.filename().string(), " as of ", file, ", found ",
                             listed.value_or("none of this name"));
      });
      for (const std::string& name : names)
        if (!files_.back().tensors().contains(name))
          detail::file_error(path, name, ": expected a tensor, as ", path_.filename().string(),
                             " says, found none of this name");
    }
  }

  std::filesystem::path path_;
  std::vector<SafetensorsFile> files_;
  std::map<std::string, TensorEntry> tensors_;  // of all files
  std::map<std::string, std::size_t> file_of_;
};

}  // namespace deltanet
