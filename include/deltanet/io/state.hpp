#pragma once

#include <cstdint>
#include <cstring>
#include <iomanip>

#include "deltanet/io/checkpoint.hpp"
#include "deltanet/layers/embedding.hpp"
#include "deltanet/layers/linear.hpp"
#include "deltanet/layers/token_rows.hpp"

/// States of layers and models as safetensors files: a text that was read can be gone on with later, bit for bit.
///
///   save_state("text.state", model, state);
///   auto state = load_state("text.state", model, 1);     1 sequence
///
/// A state means something only to the parameters it was made with: the file has their fingerprint, and is refused elsewhere.
namespace deltanet {

namespace detail {

inline constexpr const char* state_format = "deltanet.state";
inline constexpr int state_version = 3;

/// A number of 64 bits that any change of the bytes changes: FNV-1a over words of 8 bytes.
class Fingerprint {
 public:
  void add(const void* data, std::size_t size) {
    const auto* bytes = static_cast<const unsigned char*>(data);
    for (; size >= sizeof(std::uint64_t); size -= sizeof(std::uint64_t), bytes += sizeof(std::uint64_t)) {
      std::uint64_t word;
      std::memcpy(&word, bytes, sizeof(word));
      add_word(word);
    }
    for (; size > 0; --size) add_word(*bytes++);
  }

  [[nodiscard]] std::string text() const {
    std::ostringstream stream;
    stream << std::hex << std::setfill('0') << std::setw(16) << hash_;
    return stream.str();
  }

 private:
  void add_word(std::uint64_t word) {
    hash_ = (hash_ ^ word) * 0x100000001b3;
    hash_ ^= hash_ >> 32;  // high bits would not reach low ones else
  }

  std::uint64_t hash_ = 0xcbf29ce484222325;
};

/// Of the names, shapes and entries of all parameters, weights kept in 16 bits included. One pass over them, at about the speed
/// of memory.
template <Real T, Parameters P>
[[nodiscard]] std::string fingerprint(const P& params) {
  Fingerprint sum;
  for_each_tensor(
      [&](const TensorInfo& info, const auto& tensor) {
        sum.add(info.name.data(), info.name.size());
        sum.add(tensor.shape.data(), tensor.shape.size() * sizeof(Index));
        sum.add(tensor.data, static_cast<std::size_t>(tensor.size()) * sizeof(*tensor.data));
      },
      params);
  const auto add_kept = [&](const std::string& name, const auto& part) {
    if (!part.kept) return;
    sum.add(name.data(), name.size());
    part.kept->visit([&]<class Stored>(const Matrix<Stored>& entries) {
      sum.add(entries.data(), static_cast<std::size_t>(entries.size()) * sizeof(Stored));
    });
  };
  for_each_node<LinearParams<T>>(add_kept, params);
  for_each_node<EmbeddingParams<T>>(add_kept, params);
  return sum.text();
}

/// A state as a parameter list, also where it is a tensor.
template <class State>
struct SavedState {
  State state;
  static constexpr auto fields() { return std::tuple{Field{"state", &SavedState::state}}; }
};

/// Gives the rows of a state as many tokens as the file has, where it has rows of the same width.
template <Real T, Parameters P>
void fit_token_rows(const SafetensorsFile& file, P& saved) {
  const auto fit = [&](const std::string& name, TokenRows<T>& rows) {
    const auto found = file.tensors().find(name);
    if (found == file.tensors().end()) return;
    const std::vector<Index>& shape = found->second.shape;
    if (shape.size() == 3 && shape[1] == rows.dimensions()[1] && shape[2] == rows.dimensions()[2]) rows.resize(shape[0]);
  };
  for_each_node<TokenRows<T>>(fit, saved);
}

}  // namespace detail

/// Writes the state of a layer or model, atomically. Reads all parameters, for their fingerprint.
template <class Model>
void save_state(const std::filesystem::path& path, const Model& model, const typename Model::State& state) {
  const detail::SavedState<typename Model::State> saved{state};
  save_parameters(path, saved, "",
                  {{"format", detail::state_format},
                   {"version", metadata_text(detail::state_version)},
                   {"parameters", detail::fingerprint<typename Model::Scalar>(model.params)}});
}

/// The state of N sequences that `save_state` wrote for this layer or model. Throws `std::runtime_error`, which names the file
/// and what was expected and found, for any other file: one that is no state, or of another version, of other sizes, scalars or
/// number of sequences, or of other parameters.
template <class Model>
[[nodiscard]] typename Model::State load_state(const std::filesystem::path& path, const Model& model, Index N) {
  const SafetensorsFile file(path);
  const auto expect_metadata = [&](const char* key, const std::string& expected, const char* meaning) {
    const auto entry = file.metadata().find(key);
    const std::string found = entry == file.metadata().end() ? "none" : '"' + entry->second.substr(0, 100) + '"';
    if (found != '"' + expected + '"')
      detail::file_error(path, meaning, ": expected metadata ", key, " \"", expected, "\", found ", found);
  };
  expect_metadata("format", detail::state_format, "not a state");
  expect_metadata("version", metadata_text(detail::state_version), "a state of another version");
  detail::SavedState<typename Model::State> saved{model.initial_state(N)};
  detail::fit_token_rows<typename Model::Scalar>(file, saved);
  load_parameters(file, saved);
  expect_metadata("parameters", detail::fingerprint<typename Model::Scalar>(model.params),
                  "a state made with other parameters");
  return std::move(saved.state);
}

}  // namespace deltanet
