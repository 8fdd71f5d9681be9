// Trains a byte-level language model on real text, by default the headers of Eigen, in three minutes on two cores; compares
// what it has learnt with gzip and xz on text that it has not seen, and lets it write. `language_model --help` lists the flags;
// language_model/job.hpp is the job.

#include <filesystem>
#include <fstream>
#include <iostream>

#include "deltanet/core/threads.hpp"
#include "language_model/jobs.hpp"
#include "support/checkpoint.hpp"
#include "support/windows.hpp"

namespace fs = std::filesystem;
using namespace example;

namespace {

/// The folder for what is written. Throws UsageError if it cannot be made or written to.
void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw UsageError("--out: cannot make the folder " + folder.string() + ": " + error.message());
  const fs::path probe = folder / "probe.tmp";
  if (!std::ofstream(probe)) throw UsageError("--out: cannot write to the folder " + folder.string());
  fs::remove(probe, error);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    std::map<std::string, Job> jobs = delta_rule_jobs();
    jobs.merge(neural_memory_jobs());
    jobs.merge(titans_jobs());
    std::vector<std::string> models;
    for (const auto& [name, job] : jobs) models.push_back(name);
    Options options = parse_options(argc, argv, models, {});
    if (!options.resume.empty()) {
      options.recipe = recipe_of(options.resume);
      options = parse_options(argc, argv, models, options);
    }
    const auto job = jobs.find(options.recipe.model);
    if (job == jobs.end()) throw UsageError(options.resume + ": a model of another program: " + options.recipe.model);
    if (options.threads > 0) deltanet::set_num_threads(options.threads);
    const Corpus corpus = read_corpus(options.recipe);
    make_folder(options.out);
    job->second(options, corpus, argv[0]);
    return 0;
  } catch (const UsageError& error) {
    std::cerr << "language_model: " << error.what() << '\n';
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "language_model: " << error.what() << '\n';
    return 1;
  }
}
