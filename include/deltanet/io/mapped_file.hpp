#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <limits>
#include <span>

#include "deltanet/io/file.hpp"

namespace deltanet {

/// A regular file mapped into memory for reading: its pages are read when they are touched, and shared with every process that
/// maps the file. It goes on showing what it opened when the path is replaced meanwhile.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path) : file_(path) {
    if (file_.size() == 0) return;  // nothing to map, and mmap would refuse
    if (file_.size() > std::numeric_limits<std::size_t>::max()) detail::file_error(path, "cannot map: File too large");
    void* const start = ::mmap(nullptr, static_cast<std::size_t>(file_.size()), PROT_READ, MAP_SHARED, file_.descriptor(), 0);
    if (start == MAP_FAILED) detail::file_error(path, "cannot map: ", detail::system_error_text());
    start_ = static_cast<const std::byte*>(start);
  }
  MappedFile(MappedFile&& other) noexcept : file_(std::move(other.file_)), start_(std::exchange(other.start_, nullptr)) {}
  MappedFile& operator=(MappedFile&& other) noexcept {
    std::swap(file_, other.file_);
    std::swap(start_, other.start_);
    return *this;
  }
  ~MappedFile() {
    if (start_) ::munmap(const_cast<std::byte*>(start_), static_cast<std::size_t>(file_.size()));
  }

  [[nodiscard]] const std::filesystem::path& path() const { return file_.path(); }
  [[nodiscard]] std::uint64_t size() const { return file_.size(); }

  /// Copies the `count` bytes at `offset`, or throws, whatever happens to the file.
  void read(std::uint64_t offset, void* destination, std::size_t count) const { file_.read(offset, destination, count); }

  /// The `count` bytes at `offset`, valid as long as this object. Throws if the file ends before them, also where it was
  /// shortened after it was opened: touching such bytes would end the process. A file must not be shortened while its bytes are
  /// in use; those written here never are, as they are replaced whole.
  [[nodiscard]] std::span<const std::byte> bytes(std::uint64_t offset, std::uint64_t count) const {
    const std::uint64_t size = std::min(file_.size(), file_.current_size()), there = size - std::min(size, offset);
    if (count > there || offset > size)
      detail::file_error(path(), "expected ", count, " bytes at offset ", offset, ", found ", there);
    return {start_ + offset, static_cast<std::size_t>(count)};
  }

 private:
  InputFile file_;
  const std::byte* start_ = nullptr;
};

}  // namespace deltanet
