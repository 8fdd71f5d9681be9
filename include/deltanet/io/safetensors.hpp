#pragma once

#include <bit>
#include <tuple>

#include "deltanet/core/parameters.hpp"
#include "deltanet/io/safetensors_header.hpp"

/// Reading and writing tensors as safetensors files, in the types F32 and F64. Errors of a file are `std::runtime_error`s:
/// "run.safetensors: o_proj.weight: expected F32 [64, 64], found F32 [64, 32]".
namespace deltanet {

static_assert(std::endian::native == std::endian::little, "safetensors files are little endian, and are read without swapping");

/// The format's name of a scalar type.
template <Real T>
inline constexpr DType dtype_of = std::is_same_v<T, float> ? DType{"F32", 4} : DType{"F64", 8};

/// A safetensors file opened for reading. The constructor reads and checks the header; tensors are read when asked for.
class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::filesystem::path& path) : file_(path) {
    std::uint64_t length = 0;
    if (file_.size() < sizeof(length)) detail::file_error(path, "expected a safetensors file, found ", file_.size(), " bytes");
    file_.read(0, &length, sizeof(length));
    if (length > file_.size() - sizeof(length) || length > detail::header_limits.max_bytes)
      detail::file_error(path, "expected a header within ", file_.size(), " bytes, found one of ", length, " bytes");
    std::string text(static_cast<std::size_t>(length), ' ');
    file_.read(sizeof(length), text.data(), text.size());
    data_start_ = sizeof(length) + length;
    header_ = parse_safetensors_header(path, text, file_.size() - data_start_);
  }

  [[nodiscard]] const std::filesystem::path& path() const { return file_.path(); }
  [[nodiscard]] const Metadata& metadata() const { return header_.metadata; }
  [[nodiscard]] const std::map<std::string, TensorEntry>& tensors() const { return header_.tensors; }

  /// The entry of a tensor that must be there.
  [[nodiscard]] const TensorEntry& entry(const std::string& name) const {
    const auto found = header_.tensors.find(name);
    if (found == header_.tensors.end()) detail::file_error(path(), name, ": expected a tensor, found none of this name");
    return found->second;
  }

  /// Copies all entries of an F32 or F64 tensor to `destination`, row-major, rounding to T where the file has the other type.
  template <Real T>
  void read(const std::string& name, T* destination) const {
    const TensorEntry& tensor = entry(name);
    if (tensor.dtype.name == dtype_of<T>.name)
      file_.read(data_start_ + tensor.begin, destination, static_cast<std::size_t>(tensor.end - tensor.begin));
    else if (tensor.dtype.name == dtype_of<float>.name)
      read_converted<float>(tensor, destination);
    else if (tensor.dtype.name == dtype_of<double>.name)
      read_converted<double>(tensor, destination);
    else
      detail::file_error(path(), name, ": expected F32 or F64, found ", detail::type_text(tensor.dtype.name, tensor.shape));
  }

  /// A tensor that must have `N` axes, of any extents.
  template <Real T, int N>
  [[nodiscard]] Tensor<T, N> tensor(const std::string& name) const {
    const TensorEntry& stored = entry(name);
    if (stored.shape.size() != N)
      detail::file_error(path(), name, ": expected ", N, " axes, found ", detail::type_text(stored.dtype.name, stored.shape));
    Eigen::array<Index, N> extents;
    std::copy(stored.shape.begin(), stored.shape.end(), extents.begin());
    Tensor<T, N> result(extents);
    read(name, result.data());
    return result;
  }

 private:
  template <Real Stored, Real T>
  void read_converted(const TensorEntry& tensor, T* destination) const {
    std::array<Stored, 4096> piece;
    for (std::uint64_t at = tensor.begin; at < tensor.end; at += sizeof(piece)) {
      const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(sizeof(piece), tensor.end - at));
      file_.read(data_start_ + at, piece.data(), bytes);
      for (std::size_t i = 0; i < bytes / sizeof(Stored); ++i) *destination++ = static_cast<T>(piece[i]);
    }
  }

  InputFile file_;
  std::uint64_t data_start_ = 0;
  SafetensorsHeader header_;
};

/// A tensor to be written: its name, its type, and the caller's memory, which must outlive it.
struct SourceTensor {
  template <Real T>
  SourceTensor(std::string name_, const TensorSpan<const T>& span)
      : name(std::move(name_)),
        dtype(dtype_of<T>),
        shape(span.shape),
        data(span.data),
        size(static_cast<std::uint64_t>(span.size()) * sizeof(T)) {}
  template <Real T, int N>
  SourceTensor(std::string name_, const Tensor<T, N>& tensor) : SourceTensor(std::move(name_), detail::span_of(tensor)) {}
  template <Real T>
  SourceTensor(std::string name_, const Matrix<T>& matrix) : SourceTensor(std::move(name_), detail::span_of(matrix)) {}
  template <Real T>
  SourceTensor(std::string name_, const Vector<T>& vector) : SourceTensor(std::move(name_), detail::span_of(vector)) {}

  std::string name;
  DType dtype;
  std::vector<Index> shape;
  const void* data;
  std::uint64_t size;  // in bytes
};

/// Writes tensors and metadata to `path`, atomically (see AtomicFile). The same tensors in any order give the same bytes: wider
/// types come first, so that every entry is aligned, then names in order.
///
/// Throws `std::invalid_argument` for a name given twice or text that is not UTF-8, `std::runtime_error` if writing fails.
inline void write_safetensors(const std::filesystem::path& path, std::vector<SourceTensor> tensors,
                              const Metadata& metadata = {}) {
  std::sort(tensors.begin(), tensors.end(), [](const SourceTensor& a, const SourceTensor& b) {
    return std::tie(b.dtype.size, a.name) < std::tie(a.dtype.size, b.name);
  });
  nlohmann::json header = nlohmann::json::object();
  if (!metadata.empty()) header[std::string(detail::metadata_name)] = metadata;
  std::uint64_t end = 0;
  for (const SourceTensor& tensor : tensors) {
    expect(tensor.name != detail::metadata_name && !header.contains(tensor.name), tensor.name, ": the name is given twice");
    const std::uint64_t begin = std::exchange(end, end + tensor.size);
    header[tensor.name] = {{"dtype", tensor.dtype.name}, {"shape", tensor.shape}, {"data_offsets", {begin, end}}};
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const nlohmann::json::exception& error) {
    throw std::invalid_argument(detail::concat("names and metadata: expected UTF-8, got: ", error.what()));
  }
  text.resize((text.size() + 7) / 8 * 8, ' ');  // the data begins at a multiple of 8 bytes
  const std::uint64_t length = text.size();
  AtomicFile file(path);
  file.write(&length, sizeof(length));
  file.write(text.data(), text.size());
  for (const SourceTensor& tensor : tensors) file.write(tensor.data, static_cast<std::size_t>(tensor.size));
  file.commit();
}

}  // namespace deltanet
