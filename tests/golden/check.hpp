#pragma once

#include <filesystem>
#include <iosfwd>

namespace golden {

/// Runs every case under `folder`, in the order of the names, with one line a case on `out`. Returns the exit code: 0 where
/// none failed, 1 where one did or could not be read, 2 where there is no such folder or nothing in it.
int check_folder(const std::filesystem::path& folder, std::ostream& out);

}  // namespace golden
