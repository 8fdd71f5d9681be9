#pragma once

#include <set>
#include <variant>

#include "deltanet/io/metadata.hpp"
#include "deltanet/io/tensor_store.hpp"

/// Parameter lists as safetensors files, by the names that `for_each_tensor` gives. One list:
///
///   save_parameters("model.safetensors", layer.params);
///   load_parameters("model.safetensors", layer.params);            or a folder, or the index of several files; see TensorStore
///
/// Several lists, and numbers beside them, so that what is restored continues bit for bit:
///
///   std::vector<SourceTensor> tensors;                    SafetensorsFile file("run.safetensors");
///   append(tensors, "model", params);                     std::vector<TargetTensor> tensors;
///   append(tensors, "adam.m", m);                         append(tensors, "model", params);
///   Metadata metadata{                                    append(tensors, "adam.m", m);
///       {"step", metadata_text(step)},                    load_tensors(file, tensors);
///       {"random", metadata_text(random)}};               step = metadata_value<Index>(file, "step");
///   write_safetensors("run.safetensors", tensors,         random = metadata_value<Random>(file, "random");
///                     metadata);
namespace deltanet {

/// Whether a tensor may have another real type than it is loaded into: it is widened exactly, or rounded to nearest.
enum class Conversion { none, allowed };

/// A tensor to be read: the name and shape that the file must have, and where the entries go. The memory must outlive it.
struct TargetTensor {
  std::string name;
  std::variant<TensorSpan<float>, TensorSpan<double>, TensorSpan<Eigen::bfloat16>, TensorSpan<Eigen::half>> span;
};

namespace detail {

inline std::string joined(const std::string& prefix, const std::string& name) {
  return prefix.empty() ? name : prefix + '.' + name;
}

inline bool has_prefix(std::string_view name, std::string_view prefix) {
  return prefix.empty() || (name.size() > prefix.size() && name.starts_with(prefix) && name[prefix.size()] == '.');
}

/// What is wrong with a stored tensor for this target: "expected F32 [2], found F32 [3]", or nothing.
template <RealElement T>
std::string mismatch(const TensorEntry& stored, const TensorSpan<T>& span, Conversion conversion) {
  const bool same_type = conversion == Conversion::allowed ? readable_as<T>(stored.dtype) : stored.dtype == dtype_of<T>;
  if (same_type && stored.shape == span.shape) return "";
  return concat("expected ", type_text(dtype_of<T>, span.shape), ", found ", type_text(stored));
}

/// Where a tensor of several files lies, for messages: " (in model-00001-of-00002.safetensors)".
inline std::string place_text(const SafetensorsFile&, const std::string&) { return ""; }
inline std::string place_text(const TensorStore& store, const std::string& name) {
  const bool told = store.files().size() < 2 || !store.tensors().contains(name);
  return told ? "" : " (in " + store.file_of(name).path().filename().string() + ')';
}

}  // namespace detail

/// Adds each tensor of a parameter list under the name "prefix.name", or its own name if the prefix is empty.
template <Parameters P>
void append(std::vector<SourceTensor>& tensors, const std::string& prefix, const P& params) {
  const auto add = [&](const TensorInfo& info, const auto& span) {
    tensors.emplace_back(detail::joined(prefix, info.name), span);
  };
  for_each_tensor(add, params);
}
template <Parameters P>
void append(std::vector<TargetTensor>& tensors, const std::string& prefix, P& params) {
  const auto add = [&](const TensorInfo& info, const auto& span) {
    tensors.push_back({detail::joined(prefix, info.name), span});
  };
  for_each_tensor(add, params);
}

/// A SafetensorsFile or a TensorStore.
template <class F>
concept TensorFile = std::same_as<F, SafetensorsFile> || std::same_as<F, TensorStore>;

/// Fills the targets from a file, which must have each of them with the same shape and type, and nothing else under `prefix`
/// (the empty prefix stands for the whole file). Nothing is changed before all of that is checked; the error, a
/// `std::runtime_error`, names every tensor that does not fit.
template <TensorFile File>
void load_tensors(const File& file, const std::vector<TargetTensor>& targets, const std::string& prefix = "",
                  Conversion conversion = Conversion::none) {
  std::string problems;
  const auto report = [&](const std::string& name, const std::string& problem) {
    if (!problem.empty()) problems += (problems.empty() ? "" : "; ") + name + detail::place_text(file, name) + ": " + problem;
  };
  const auto check = [&]<RealElement T>(const std::string& name, const TensorSpan<T>& span) {
    const auto found = file.tensors().find(name);
    const std::string expected = detail::type_text(dtype_of<T>, span.shape);
    report(name, found == file.tensors().end() ? "expected " + expected + ", found none of this name"
                                               : detail::mismatch(found->second, span, conversion));
  };
  std::set<std::string_view> used;
  for (const TargetTensor& target : targets) {
    used.insert(target.name);
    std::visit([&](const auto& span) { check(target.name, span); }, target.span);
  }
  for (const auto& [name, entry] : file.tensors())
    if (detail::has_prefix(name, prefix) && !used.contains(name))
      report(name, "expected no tensor of this name, found " + detail::type_text(entry));
  if (!problems.empty()) detail::file_error(file.path(), problems);

  for (const TargetTensor& target : targets)
    std::visit([&]<RealElement T>(const TensorSpan<T>&) { file.template expect_readable<T>(target.name); }, target.span);
  for (const TargetTensor& target : targets)
    std::visit([&](const auto& span) { file.read(target.name, span.data); }, target.span);
}

/// Writes a parameter list, with metadata beside it, atomically.
template <Parameters P>
void save_parameters(const std::filesystem::path& path, const P& params, const std::string& prefix = "",
                     const Metadata& metadata = {}) {
  std::vector<SourceTensor> tensors;
  append(tensors, prefix, params);
  write_safetensors(path, tensors, metadata);
}

/// Reads a parameter list of the shapes that `params` has, as `load_tensors` does: from all tensors of the file, or from all
/// those whose names begin with "prefix.".
template <TensorFile File, Parameters P>
void load_parameters(const File& file, P& params, const std::string& prefix = "", Conversion conversion = Conversion::none) {
  std::vector<TargetTensor> tensors;
  append(tensors, prefix, params);
  load_tensors(file, tensors, prefix, conversion);
}
template <Parameters P>
void load_parameters(const std::filesystem::path& path, P& params, const std::string& prefix = "",
                     Conversion conversion = Conversion::none) {
  load_parameters(TensorStore(path), params, prefix, conversion);
}

}  // namespace deltanet
