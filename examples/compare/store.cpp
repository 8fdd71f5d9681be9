#include "compare/store.hpp"

#include <fstream>

#include "compare/folder.hpp"
#include "compare/json.hpp"
#include "deltanet/io/file.hpp"

namespace compare {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(RunSpeed, step, tests)

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

/// Adds bytes to the end of a file and makes them durable.
void append_durably(const fs::path& path, const std::string& text) {
  const deltanet::detail::FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
  const bool written = file.open() && ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (!written || ::fsync(file.get()) != 0)
    deltanet::detail::file_error(path, "cannot write: ", deltanet::detail::system_error_text());
}

/// What makes the speeds of two runs equal.
std::string speed_key(RunSetting setting) {
  setting.steps = 0;
  setting.seed = 0;
  return json(setting).dump();
}

json speeds_in(const fs::path& folder) {
  std::ifstream file(folder / "speeds.json");
  const json speeds = json::parse(file, nullptr, false);
  return speeds.is_object() ? speeds : json::object();
}

}  // namespace

ResultStore::ResultStore(const fs::path& folder) : path_(folder / "runs.jsonl") {
  std::ifstream file(path_);
  std::string line, complete;
  bool cut = false;
  while (std::getline(file, line)) {
    try {
      results_.push_back(json::parse(line));
      complete += line + '\n';
    } catch (const json::exception&) {
      cut = true;
    }
  }
  if (cut) write_file(path_, complete);
}

void ResultStore::add(const RunResult& result) {
  const std::string line = json(result).dump() + '\n';
  const std::lock_guard lock(guard_);
  append_durably(path_, line);
  results_.push_back(result);
}

std::optional<RunResult> ResultStore::find(const RunSetting& setting) const {
  const json wanted = setting;
  const std::lock_guard lock(guard_);
  for (const RunResult& result : results_)
    if (json(result.setting) == wanted) return result;
  return {};
}

std::optional<RunSpeed> stored_speed(const fs::path& folder, const RunSetting& setting) {
  const json speeds = speeds_in(folder);
  const auto found = speeds.find(speed_key(setting));
  return found == speeds.end() ? std::optional<RunSpeed>() : found->get<RunSpeed>();
}

void store_speeds(const fs::path& folder, const std::vector<RunSetting>& settings, const std::vector<RunSpeed>& speeds) {
  json all = speeds_in(folder);
  for (std::size_t i = 0; i < settings.size(); ++i) all[speed_key(settings[i])] = speeds[i];
  write_file(folder / "speeds.json", all.dump(1) + '\n');
}

}  // namespace compare
