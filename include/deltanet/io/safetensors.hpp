#pragma once

#include <bit>
#include <tuple>

#include "deltanet/core/parameters.hpp"
#include "deltanet/io/convert.hpp"
#include "deltanet/io/mapped_file.hpp"
#include "deltanet/io/safetensors_header.hpp"

/// Reading and writing tensors as safetensors files: real ones in F64, F32, BF16 or F16, whole ones in I64 or I32. Errors of a
/// file are `std::runtime_error`s: "run.safetensors: o_proj.weight: expected F32 [64, 64], found F32 [64, 32]".
namespace deltanet {

static_assert(std::endian::native == std::endian::little, "safetensors files are little endian, and are read without swapping");

/// A safetensors file opened for reading. The constructor reads and checks the header; tensors are mapped into memory and read
/// when asked for. Bytes after the header must not be cut off while they are read; see MappedFile.
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

  /// The bytes of a tensor as the file has them, without a copy and not necessarily aligned; valid as long as this object.
  [[nodiscard]] std::span<const std::byte> bytes(const std::string& name) const {
    const TensorEntry& tensor = entry(name);
    return file_.bytes(data_start_ + tensor.begin, tensor.end - tensor.begin);
  }

  /// Throws unless a tensor's entries can be read as T: real ones as real, whole ones as whole, and no entry beyond T's range.
  /// Looks at the entries only where T has a smaller range.
  template <Element T>
  void expect_readable(const std::string& name) const {
    const TensorEntry& tensor = entry(name);
    if (!detail::readable_as<T>(tensor.dtype))
      detail::file_error(path(), name, ": expected ", detail::readable_types<T>, ", found ", detail::type_text(tensor));
    const auto data = bytes(name);
    detail::with_stored_type<T>(tensor.dtype, [&]<class Stored>() {
      if (const auto found = detail::out_of_range<T, Stored>(data.data(), data.size() / sizeof(Stored)))
        detail::file_error(path(), name, ": expected numbers in the range of ", dtype_of<T>.name, ", found ", *found);
    });
  }

  /// Copies all entries of a tensor to `destination`, row-major. Where the file has another type, real entries widen exactly or
  /// round to nearest. Nothing is written before `expect_readable` has passed.
  template <Element T>
  void read(const std::string& name, T* destination) const {
    expect_readable<T>(name);
    const auto data = bytes(name);
    detail::with_stored_type<T>(entry(name).dtype, [&]<class Stored>() {
      detail::convert<T, Stored>(data.data(), data.size() / sizeof(Stored), destination);
    });
  }

  /// A tensor that must have `N` axes, of any extents.
  template <Element T, int N>
  [[nodiscard]] Tensor<T, N> tensor(const std::string& name) const {
    const TensorEntry& stored = entry(name);
    if (stored.shape.size() != N)
      detail::file_error(path(), name, ": expected ", N, " axes, found ", detail::type_text(stored));
    Eigen::array<Index, N> extents;
    std::copy(stored.shape.begin(), stored.shape.end(), extents.begin());
    Tensor<T, N> result(extents);
    read(name, result.data());
    return result;
  }

 private:
  MappedFile file_;
  std::uint64_t data_start_ = 0;
  SafetensorsHeader header_;
};

/// A tensor to be written: its name, its type, and the caller's memory, which must outlive it.
struct SourceTensor {
  template <Element T>
  SourceTensor(std::string name_, const TensorSpan<const T>& span)
      : name(std::move(name_)),
        dtype(dtype_of<T>),
        shape(span.shape),
        data(span.data),
        size(static_cast<std::uint64_t>(span.size()) * sizeof(T)) {}
  template <Element T, int N>
  SourceTensor(std::string name_, const Tensor<T, N>& tensor) : SourceTensor(std::move(name_), detail::span_of(tensor)) {}
  template <Element T>
  SourceTensor(std::string name_, const Matrix<T>& matrix) : SourceTensor(std::move(name_), detail::span_of(matrix)) {}
  template <Element T>
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
