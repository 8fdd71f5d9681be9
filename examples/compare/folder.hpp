#pragma once

#include <filesystem>

#include "compare/setting.hpp"

namespace compare {

/// Makes the folder where there is none, and makes sure that results will find room: writes what a comparison needs, and
/// removes it. Throws UsageError for a folder that cannot be made or written to, or a disk that is full.
void prepare_folder(const std::filesystem::path& folder);

}  // namespace compare
