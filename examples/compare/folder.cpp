#include "compare/folder.hpp"

#include "deltanet/io/file.hpp"
#include "support/usage_error.hpp"

namespace compare {

void prepare_folder(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder.empty() ? "." : folder;
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) throw example::UsageError(path.string() + ": cannot make the folder: " + error.message());
  const std::filesystem::path probe = path / "probe.tmp";
  try {
    write_file(probe, std::string(16 << 20, 'x'));
  } catch (const std::runtime_error& problem) {
    std::filesystem::remove(probe, error);
    throw example::UsageError(problem.what());
  }
  std::filesystem::remove(probe, error);
}

void write_file(const std::filesystem::path& path, const std::string& text) {
  deltanet::AtomicFile file(path);
  file.write(text.data(), text.size());
  file.commit();
}

}  // namespace compare
