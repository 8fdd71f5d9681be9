#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include "deltanet/core/check.hpp"

/// Files that are read whole or not at all, and replaced whole or not at all. Every error is a `std::runtime_error` that begins
/// with the path: "run.safetensors: cannot open: No such file or directory".
namespace deltanet {

namespace detail {

/// One printable line, whatever names a file gives: control characters as \xNN.
inline std::string printable(const std::string& text) {
  constexpr const char* digits = "0123456789abcdef";
  std::string line;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f)
      line.append("\\x").append({digits[byte / 16], digits[byte % 16]});
    else
      line += c;
  }
  return line;
}

template <class... Parts>
[[noreturn]] void file_error(const std::filesystem::path& path, const Parts&... parts) {
  throw std::runtime_error(printable(concat(path.string(), ": ", parts...)));
}

inline std::string system_error_text() { return std::generic_category().message(errno); }

/// Owns an open file.
class FileDescriptor {
 public:
  explicit FileDescriptor(int number) : number_(number) {}
  FileDescriptor(FileDescriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~FileDescriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int get() const { return number_; }
  [[nodiscard]] bool open() const { return number_ >= 0; }

 private:
  int number_;
};

}  // namespace detail

/// A regular file opened for reading at any place. It goes on reading what it opened when the path is replaced meanwhile.
class InputFile {
 public:
  explicit InputFile(std::filesystem::path path)
      : path_(std::move(path)), file_(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {  // a pipe must not block here
    if (!file_.open()) detail::file_error(path_, "cannot open: ", detail::system_error_text());
    size_ = current_size();
  }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] int descriptor() const { return file_.get(); }
  /// In bytes, when it was opened.
  [[nodiscard]] std::uint64_t size() const { return size_; }
  /// In bytes, now.
  [[nodiscard]] std::uint64_t current_size() const {
    struct stat status {};
    if (::fstat(file_.get(), &status) != 0) detail::file_error(path_, "cannot open: ", detail::system_error_text());
    if (!S_ISREG(status.st_mode)) detail::file_error(path_, "cannot open: expected a regular file");
    return static_cast<std::uint64_t>(status.st_size);
  }

  /// Copies the `count` bytes at `offset`, or throws.
  void read(std::uint64_t offset, void* destination, std::size_t count) const {
    for (std::size_t done = 0; done < count;) {
      const ssize_t got =
          ::pread(file_.get(), static_cast<char*>(destination) + done, count - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) detail::file_error(path_, "cannot read: ", detail::system_error_text());
      if (got == 0) detail::file_error(path_, "expected ", count, " bytes at offset ", offset, ", found ", done);
      done += static_cast<std::size_t>(got);
    }
  }

  /// The whole file, which must have at most `most` bytes.
  [[nodiscard]] std::string text(std::uint64_t most) const {
    if (size_ > most) detail::file_error(path_, "expected at most ", most, " bytes, found ", size_);
    std::string bytes(static_cast<std::size_t>(size_), ' ');
    read(0, bytes.data(), bytes.size());
    return bytes;
  }

 private:
  std::filesystem::path path_;
  detail::FileDescriptor file_;
  std::uint64_t size_ = 0;
};

/// A file that appears under its path complete or not at all: written beside it, then synchronised and renamed by `commit`.
/// Without commit, after a failed write or when the process is killed, whatever was at the path stays as it was.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path) : path_(std::move(path)), file_(-1) {
    for (int attempt = 0; !file_.open(); ++attempt) {
      temporary_ = detail::concat(path_.string(), ".", ::getpid(), "-", attempt, ".tmp");
      file_ = detail::FileDescriptor(::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
      if (!file_.open() && errno != EEXIST) {
        const std::string reason = detail::system_error_text();
        temporary_.clear();
        detail::file_error(path_, "cannot write: ", reason);
      }
    }
  }
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile() {
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
  }

  void write(const void* bytes, std::size_t count) {
    for (std::size_t done = 0; done < count;) {
      const ssize_t put = ::write(file_.get(), static_cast<const char*>(bytes) + done, count - done);
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) detail::file_error(path_, "cannot write: ", detail::system_error_text());
      done += static_cast<std::size_t>(put);
    }
  }

  /// Makes the file durable and puts it at its path, in place of whatever was there. Called once, last.
  void commit() {
    if (::fsync(file_.get()) != 0 || std::rename(temporary_.c_str(), path_.c_str()) != 0)
      detail::file_error(path_, "cannot write: ", detail::system_error_text());
    temporary_.clear();
    const std::filesystem::path folder = path_.has_parent_path() ? path_.parent_path() : ".";
    const detail::FileDescriptor entry(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (entry.open()) ::fsync(entry.get());  // the new name survives a power cut too, on file systems that offer it
  }

 private:
  std::filesystem::path path_;
  std::string temporary_;  // empty once there is nothing to remove
  detail::FileDescriptor file_;
};

}  // namespace deltanet
