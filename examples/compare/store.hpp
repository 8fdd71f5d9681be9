#pragma once

#include <filesystem>
#include <mutex>

#include "compare/run.hpp"

namespace compare {

/// The finished runs of a report folder, one a line of runs.jsonl. A line is added whole and made durable before `add` returns;
/// one that was cut off is dropped when the file is read again. Threads may share a store.
class ResultStore {
 public:
  /// Reads what the folder has. Throws std::runtime_error if it cannot be read.
  explicit ResultStore(const std::filesystem::path& folder);

  void add(const RunResult& result);

  /// The result of a run of this setting; nothing if there is none yet.
  [[nodiscard]] std::optional<RunResult> find(const RunSetting& setting) const;

 private:
  std::filesystem::path path_;
  std::vector<RunResult> results_;
  mutable std::mutex guard_;
};

/// The speeds measured in a folder, so that a comparison that goes on is planned as before.
std::optional<RunSpeed> stored_speed(const std::filesystem::path& folder, const RunSetting& setting);
void store_speeds(const std::filesystem::path& folder, const std::vector<RunSetting>& settings,
                  const std::vector<RunSpeed>& speeds);

}  // namespace compare
