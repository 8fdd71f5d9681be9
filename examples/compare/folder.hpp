#pragma once

#include <filesystem>

#include <string>

namespace compare {

/// Makes the folder where there is none, and makes sure that results will find room: writes what a comparison needs, and
/// removes it. Throws UsageError for a folder that cannot be made or written to, or a disk that is full.
void prepare_folder(const std::filesystem::path& folder);

/// Puts a file at the path, whole or not at all. Throws std::runtime_error.
void write_file(const std::filesystem::path& path, const std::string& text);

}  // namespace compare
