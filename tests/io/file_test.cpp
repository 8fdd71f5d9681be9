#include "deltanet/io/file.hpp"

#include <sys/resource.h>
#include <sys/wait.h>

#include <csignal>

#include "io/temporary_folder.hpp"
#include "support/catch.hpp"

namespace {

using deltanet::AtomicFile;
using deltanet::InputFile;

void write_atomically(const std::filesystem::path& path, const std::string& text) {
  AtomicFile file(path);
  file.write(text.data(), text.size());
  file.commit();
}

/// Runs `f` in a process of its own and returns how that ended, as waitpid tells it.
template <class F>
int in_child(const F& f) {
  const pid_t child = ::fork();
  if (child == 0) {
    f();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

}  // namespace

TEST_CASE("an atomic file replaces the old one and leaves nothing else behind") {
  const TemporaryFolder folder;
  write_atomically(folder / "file", "old");
  write_atomically(folder / "file", "new");
  CHECK(read_text(folder / "file") == "new");
  CHECK(folder.count_files() == 1);
}

TEST_CASE("an atomic file that is not committed leaves the old file as it was") {
  const TemporaryFolder folder;
  write_atomically(folder / "file", "old");
  {
    AtomicFile file(folder / "file");
    file.write("half", 4);
  }
  CHECK(read_text(folder / "file") == "old");
  CHECK(folder.count_files() == 1);
}

TEST_CASE("a process killed while it writes leaves the old file as it was") {
  const TemporaryFolder folder;
  write_atomically(folder / "file", "old");
  const int status = in_child([&] {
    AtomicFile file(folder / "file");
    file.write("half", 4);
    ::raise(SIGKILL);
  });
  CHECK(WIFSIGNALED(status));
  CHECK(read_text(folder / "file") == "old");
  write_atomically(folder / "file", "new");
  CHECK(read_text(folder / "file") == "new");
}

TEST_CASE("a full disk is an error and leaves the old file as it was") {
  const TemporaryFolder folder;
  write_atomically(folder / "file", "old");
  const int status = in_child([&] {
    const rlimit limit{1000, 1000};  // writing beyond 1000 bytes fails, as on a full disk
    ::setrlimit(RLIMIT_FSIZE, &limit);
    std::signal(SIGXFSZ, SIG_IGN);
    try {
      write_atomically(folder / "file", std::string(2000, 'x'));
    } catch (const std::runtime_error& error) {
      const bool named = error.what() == (folder / "file").string() + ": cannot write: File too large";
      ::_exit(named ? 7 : 8);
    }
  });
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 7);
  CHECK(read_text(folder / "file") == "old");
  CHECK(folder.count_files() == 1);
}

TEST_CASE("a path that cannot be written is named with the reason") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH(AtomicFile(folder / "none" / "file"),
                    (folder / "none" / "file").string() + ": cannot write: No such file or directory");
  std::filesystem::create_directory(folder / "taken");
  CHECK_THROWS_WITH(write_atomically(folder / "taken", "text"), (folder / "taken").string() + ": cannot write: Is a directory");
  CHECK(folder.count_files() == 1);
}

TEST_CASE("an error is one printable line, whatever names a file gives") {
  CHECK_THROWS_WITH(deltanet::detail::file_error("f", "a\n\x1b[31m\x7f", std::string(1, '\0'), "\xc3\xa9: wrong"),
                    "f: a\\x0a\\x1b[31m\\x7f\\x00\xc3\xa9: wrong");
}

TEST_CASE("a path that cannot be read is named with the reason") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH(InputFile(folder / "none"), (folder / "none").string() + ": cannot open: No such file or directory");
  CHECK_THROWS_WITH(InputFile(folder / ""), (folder / "").string() + ": cannot open: expected a regular file");
}

TEST_CASE("an input file goes on reading what it opened") {
  const TemporaryFolder folder;
  write_atomically(folder / "file", "old");
  const InputFile file(folder / "file");
  write_atomically(folder / "file", "new");
  std::string text(3, ' ');
  file.read(0, text.data(), 3);
  CHECK(text == "old");
  CHECK_THROWS_WITH(file.read(1, text.data(), 3), (folder / "file").string() + ": expected 3 bytes at offset 1, found 2");
}
