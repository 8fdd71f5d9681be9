#include "golden/check.hpp"

#include <ostream>
#include <set>
#include <sstream>

#include "golden/case.hpp"

namespace golden {
namespace {

enum class Outcome { passed, failed, skipped };

struct Line {
  Outcome outcome;
  std::string text;
};

std::string number_text(double number) {
  std::ostringstream text;
  text.precision(1);
  text << std::scientific << number;
  return text.str();
}

/// The largest errors by precision, then each deviation over its bound.
Line describe(const Deviations& deviations) {
  std::string worst, failures;
  for (const auto& [precision, list] : deviations) {
    const Deviation* largest = &list.front();
    for (const Deviation& deviation : list) {
      if (!std::isnan(largest->error) && !(deviation.error <= largest->error)) largest = &deviation;
      if (!deviation.passed())
        failures += "; " + precision + ' ' + deviation.tensor + ": " + number_text(deviation.error) + " > " +
                    number_text(deviation.bound);
    }
    worst += (worst.empty() ? "" : ", ") + precision + ' ' + number_text(largest->error) + " in " + largest->tensor;
  }
  return {failures.empty() ? Outcome::passed : Outcome::failed, worst + failures};
}

Line run(const std::filesystem::path& path, const Handlers& handlers) {
  try {
    const Case c(path);
    if (c.op.empty()) return {Outcome::skipped, "no case in its metadata"};
    const auto handler = handlers.find(c.op);
    if (handler == handlers.end()) return {Outcome::skipped, "unknown op " + c.op};
    return describe(handler->second(c));
  } catch (const std::exception& error) {
    return {Outcome::failed, error.what()};
  }
}

}  // namespace

int check_folder(const std::filesystem::path& folder, std::ostream& out) {
  if (!std::filesystem::is_directory(folder)) {
    out << folder.string() << ": expected a folder\n";
    return 2;
  }
  std::set<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.path().extension() == ".safetensors") paths.insert(entry.path());
  if (paths.empty()) {
    out << folder.string() << ": expected .safetensors files, found none\n";
    return 2;
  }

  Handlers handlers = op_handlers();
  handlers.merge(memory_handlers());
  handlers.merge(layer_handlers());
  handlers.merge(model_handlers());
  std::map<Outcome, int> count;
  const std::map<Outcome, const char*> words{
      {Outcome::passed, "passed"}, {Outcome::failed, "FAILED"}, {Outcome::skipped, "skipped"}};
  for (const auto& path : paths) {
    const Line line = run(path, handlers);
    ++count[line.outcome];
    out << path.lexically_relative(folder).replace_extension().string() << ": " << words.at(line.outcome) << ": " << line.text
        << std::endl;
  }
  out << count[Outcome::passed] << " passed, " << count[Outcome::failed] << " failed, " << count[Outcome::skipped]
      << " skipped\n";
  return count[Outcome::failed] > 0 ? 1 : 0;
}

}  // namespace golden
