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
    deltanet::AtomicFile file(probe);
    const std::vector<char> megabyte(1 << 20, 'x');
    for (int i = 0; i < 16; ++i) file.write(megabyte.data(), megabyte.size());
    file.commit();
  } catch (const std::runtime_error& problem) {
    std::filesystem::remove(probe, error);
    throw example::UsageError(problem.what());
  }
  std::filesystem::remove(probe, error);
}

}  // namespace compare
