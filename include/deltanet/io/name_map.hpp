#pragma once

#include <algorithm>
#include <map>
#include <numeric>

#include "deltanet/io/checkpoint.hpp"

/// Checkpoints whose tensors have other names than a parameter list, and other borders: a projection here may be some rows of a
/// larger one there. A name map says so in a table; with it a list is read from such a file, and written as one.
namespace deltanet {

/// How the tensors `theirs`, one after the other, are made of the tensors `ours`: in `groups` groups of rows, each of which has
/// the next rows of every one of ours. One group is a plain concatenation; with q and k of two heads,
///
///   {{"qk"}, {"q", "k"}}       qk = q_0 q_1 k_0 k_1          {{"qk"}, {"q", "k"}, 2}       qk = q_0 k_0 q_1 k_1
///
/// Of several of theirs each may have any number of the rows.
struct NameRule {
  std::vector<std::string> theirs, ours;
  Index groups = 1;
  std::vector<Index> shape{};  // of the only one of theirs, where it has axes of extent 1 more than ours
};

/// Rules for the tensors whose name, shape or both differ; all others keep their names. Where several rules make the same of
/// ours, files of any of these spellings can be read, and the first one is written.
using NameMap = std::vector<NameRule>;

/// Adds the rules of a part, which the checkpoint calls `their_prefix` and the parameter list `our_prefix`.
inline void append(NameMap& names, const std::string& their_prefix, const std::string& our_prefix, const NameMap& part) {
  for (NameRule rule : part) {
    for (std::string& name : rule.theirs) name = detail::joined(their_prefix, name);
    for (std::string& name : rule.ours) name = detail::joined(our_prefix, name);
    names.push_back(std::move(rule));
  }
}

namespace detail {

/// A rule applied to a parameter list: which entries of which of our tensors make theirs, in order.
template <class T>
struct RenamedTensors {
  NameRule rule;
  std::vector<TensorSpan<T>> ours;
  Index rows = 0;            // of theirs together
  std::vector<Index> width;  // of a row: the shape without its first axis

  [[nodiscard]] Index row_size() const {
    return std::accumulate(width.begin(), width.end(), Index(1), std::multiplies<Index>());
  }
  /// Calls f(entry of ours, entries) for each run of entries, in the order of theirs.
  template <class F>
  void for_each_run(const F& f) const {
    for (Index group = 0; group < rule.groups; ++group)
      for (const TensorSpan<T>& span : ours) {
        const Index size = span.size() / rule.groups;
        f(span.data + group * size, size);
      }
  }
  /// The shape of one of theirs that has `count` rows.
  [[nodiscard]] std::vector<Index> shape(Index count) const {
    if (!rule.shape.empty()) return rule.shape;
    std::vector<Index> shape{count};
    shape.insert(shape.end(), width.begin(), width.end());
    return shape;
  }
};

/// The tensors of `params` by name.
template <class T, Parameters P>
[[nodiscard]] std::map<std::string, TensorSpan<T>> spans_by_name(P& params) {
  std::map<std::string, TensorSpan<T>> spans;
  for_each_tensor(
      [&](const TensorInfo& info, const auto& span) {
        spans.emplace(info.name, TensorSpan<T>{span.data, span.shape});
      },
      params);
  return spans;
}

/// The rule over tensors of ours that are there; throws `std::invalid_argument` where they cannot be put together so.
template <class T>
[[nodiscard]] RenamedTensors<T> applied(const NameRule& rule, const std::map<std::string, TensorSpan<T>>& spans) {
  RenamedTensors<T> renamed{rule, {}, 0, {}};
  for (const std::string& name : rule.ours) {
    const TensorSpan<T>& span = spans.at(name);
    const std::vector<Index> width(span.shape.begin() + 1, span.shape.end());
    if (renamed.ours.empty()) renamed.width = width;
    expect(width == renamed.width && span.shape[0] % rule.groups == 0, name, ": expected rows in ", rule.groups,
           " groups beside those of ", rule.ours[0], ", got ", shape_text(span.shape));
    renamed.rows += span.shape[0];
    renamed.ours.push_back(span);
  }
  return renamed;
}

/// Every tensor of ours in exactly one rule: the first of `names` that makes it, or one that keeps the name. `taken(rule)` says
/// whether a rule is one to be considered.
template <class T, class Taken>
[[nodiscard]] std::vector<RenamedTensors<T>> apply_names(const std::map<std::string, TensorSpan<T>>& spans,
                                                         const NameMap& names, const Taken& taken) {
  std::vector<RenamedTensors<T>> result;
  std::set<std::string> named;
  const auto here = [&](const std::string& name) { return spans.contains(name); };
  const auto free = [&](const std::string& name) { return !named.contains(name); };
  const auto add = [&](const NameRule& rule) {
    result.push_back(applied(rule, spans));
    named.insert(rule.ours.begin(), rule.ours.end());
  };
  for (const bool considered : {true, false})  // what is not to be considered serves only where nothing else makes a tensor
    for (const NameRule& rule : names)
      if (std::ranges::all_of(rule.ours, here) && std::ranges::all_of(rule.ours, free) && (!considered || taken(rule)))
        add(rule);
  for (const auto& [name, span] : spans)
    if (free(name)) add({{name}, {name}});
  return result;
}

}  // namespace detail

/// A parameter list under a checkpoint's names: tensors that own their memory, to be compared or written.
template <Real T>
struct RenamedTensor {
  std::string name;
  std::vector<Index> shape;
  std::vector<T> entries;
};

/// The tensors of `params`, or gradients of the same shapes, by the names of the first rules that make them. Where a rule has
/// several of theirs, they get equal numbers of rows, the first ones one more where that does not come out, as torch.chunk does
/// for as many rows as it takes.
template <Real T, Parameters P>
[[nodiscard]] std::vector<RenamedTensor<T>> renamed_tensors(const P& params, const NameMap& names) {
  std::vector<RenamedTensor<T>> result;
  const auto all = [](const NameRule&) { return true; };
  for (const auto& renamed : detail::apply_names<const T>(detail::spans_by_name<const T>(params), names, all)) {
    std::vector<T> entries;
    renamed.for_each_run([&](const T* run, Index size) { entries.insert(entries.end(), run, run + size); });
    const auto parts = static_cast<Index>(renamed.rule.theirs.size()), chunk = (renamed.rows + parts - 1) / parts;
    for (Index i = 0; i < parts; ++i) {
      const Index first = std::min(i * chunk, renamed.rows), count = std::min(chunk, renamed.rows - first);
      const auto begin = entries.begin() + first * renamed.row_size();
      result.push_back({renamed.rule.theirs[static_cast<std::size_t>(i)], renamed.shape(count),
                        std::vector<T>(begin, begin + count * renamed.row_size())});
    }
  }
  return result;
}

namespace detail {

/// What is wrong with the file's tensors for this rule, or nothing. Several of theirs may share the rows in any way.
template <Real T, TensorFile File>
[[nodiscard]] std::string mismatch(const File& file, const std::string& prefix, const RenamedTensors<T>& renamed,
                                   Conversion conversion) {
  const auto& theirs = renamed.rule.theirs;
  Index rows = 0;
  for (const std::string& name : theirs) {
    const auto found = file.tensors().find(joined(prefix, name));
    const bool there = found != file.tensors().end();
    const Index count = theirs.size() == 1 ? renamed.rows : there && !found->second.shape.empty() ? found->second.shape[0] : 0;
    const std::string expected = type_text(dtype_of<T>, renamed.shape(count));
    if (!there) return concat("expected ", expected, ", found none of this name");
    const bool type_fits = conversion == Conversion::allowed || found->second.dtype.name == dtype_of<T>.name;
    if (!type_fits || found->second.shape != renamed.shape(count))
      return concat("expected ", expected, ", found ", type_text(found->second));
    rows += count;
  }
  return rows == renamed.rows ? "" : concat("expected ", renamed.rows, " rows in all, found ", rows);
}

}  // namespace detail

/// Which tensors of a file are a parameter list.
struct RenamedPart {
  std::string prefix{};                // "prefix." is before all of its names
  std::vector<std::string> ignored{};  // beginnings of names that are none of the list's
  Conversion conversion = Conversion::none;
};

/// Fills a parameter list from a file that has its tensors by the names of `names`. Every tensor of the list must be there with
/// its shape, and nothing else under the prefix but what is ignored. Nothing is changed before all of that is checked; the
/// error, a `std::runtime_error`, names every tensor that does not fit.
template <Real T, TensorFile File, Parameters P>
void load_renamed(const File& file, P& params, const NameMap& names, const RenamedPart& part = {}) {
  const std::string& prefix = part.prefix;
  const auto there = [&](const std::string& name) { return file.tensors().contains(detail::joined(prefix, name)); };
  const auto all_there = [&](const NameRule& rule) { return std::ranges::all_of(rule.theirs, there); };
  const auto tensors = detail::apply_names<T>(detail::spans_by_name<T>(params), names, all_there);

  std::string problems;
  const auto report = [&](const std::string& name, const std::string& problem) {
    if (!problem.empty()) problems += (problems.empty() ? "" : "; ") + name + ": " + problem;
  };
  std::set<std::string> used;
  for (const auto& renamed : tensors) {
    std::string list;
    for (const std::string& name : renamed.rule.theirs) {
      const std::string full = detail::joined(prefix, name);
      list += (list.empty() ? "" : ", ") + full + detail::place_text(file, full);
      used.insert(full);
    }
    report(list, detail::mismatch(file, prefix, renamed, part.conversion));
  }
  const auto ignored = [&](const std::string& name) {
    return std::ranges::any_of(part.ignored, [&](const std::string& start) { return name.starts_with(start); });
  };
  for (const auto& [name, entry] : file.tensors())
    if (detail::has_prefix(name, prefix) && !used.contains(name) && !ignored(name))
      report(name + detail::place_text(file, name), "expected no tensor of this name, found " + detail::type_text(entry));
  if (!problems.empty()) detail::file_error(file.path(), problems);
  for (const std::string& name : used) file.template expect_readable<T>(name);

  for (const auto& renamed : tensors) {
    std::vector<T> entries(static_cast<std::size_t>(renamed.rows * renamed.row_size()));
    T* next = entries.data();
    for (const std::string& name : renamed.rule.theirs) {
      const std::vector<Index>& shape = file.tensors().at(detail::joined(prefix, name)).shape;
      file.read(detail::joined(prefix, name), next);
      next += TensorSpan<T>{nullptr, shape}.size();
    }
    const T* from = entries.data();
    renamed.for_each_run([&](T* run, Index size) {
      std::copy_n(from, size, run);
      from += size;
    });
  }
}

}  // namespace deltanet
