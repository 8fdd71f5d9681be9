#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <iostream>

#include "deltanet/io/metadata.hpp"
#include "deltanet/io/safetensors.hpp"
#include "peers/cases.hpp"
#include "peers/report.hpp"
#include "support/judge.hpp"

/// deltanet's side of bench/peers/run.sh: writes the cases, measures deltanet on them, makes the table of all contestants.
namespace deltanet::bench {
namespace {

namespace fs = std::filesystem;

const Case& case_named(const std::string& name) {
  for (const Case& c : cases)
    if (c.name == name) return c;
  throw CLI::ValidationError(name + ": there is no such case");
}

/// The inputs in float32, and exact_*, what the definition makes of them in float64.
void write_case(const Case& c, const fs::path& folder) {
  const Tokens<Rule, float> tokens(c.layout(), c.gates);
  const auto exact = run<DefinitionPeer>(c, Tokens<Rule, double>(tokens));
  std::vector<SourceTensor> tensors{{"do", tokens.do_}};
  for_each_input([&](const auto& field, const auto& tensor) { tensors.emplace_back(std::string(field.name), tensor); },
                 tokens.tensors);
  exact.for_each(c, [&](const std::string& name, const auto& tensor) { tensors.emplace_back("exact_" + name, tensor); });
  const auto& x = c.sizes;
  write_safetensors(folder / (c.name + ".safetensors"), tensors,
                    {{"case", c.name},
                     {"what", c.what},
                     {"B", metadata_text(x.B)},
                     {"T", metadata_text(x.T)},
                     {"H", metadata_text(x.H)},
                     {"K", metadata_text(x.K)},
                     {"V", metadata_text(x.V)},
                     {"allowed_error", metadata_text(allowed_error)}});
}

Tokens<Rule, float> read_tokens(const Case& c, const SafetensorsFile& file) {
  Tokens<Rule, float> tokens(c.layout());
  file.read("do", tokens.do_.data());
  for_each_input([&](const auto& field, auto& tensor) { file.read(std::string(field.name), tensor.data()); }, tokens.tensors);
  return tokens;
}

double largest_error(const Case& c, const SafetensorsFile& file, const Outputs<float>& outputs) {
  double largest = 0;
  outputs.for_each(c, [&](const std::string& name, const auto& tensor) {
    using Result = std::decay_t<decltype(tensor)>;
    const double error = relative_error(tensor, file.tensor<double, Result::NumDimensions>("exact_" + name));
    if (!(error <= largest)) largest = error;
  });
  return largest;
}

/// The median milliseconds of a call, timed for so many seconds, three times at least.
double median_ms(const Case& c, const Tokens<Rule, float>& tokens, double seconds) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> ms;
  for (const auto start = Clock::now(); ms.size() < 3 || Clock::now() - start < std::chrono::duration<double>(seconds);) {
    const auto begin = Clock::now();
    const auto outputs = run<FastPeer>(c, tokens);
    ms.push_back(std::chrono::duration<double, std::milli>(Clock::now() - begin).count() / c.calls());
  }
  return median(ms);
}

void measure(const fs::path& path, double seconds, const std::vector<int>& threads) {
  const SafetensorsFile file(path);
  const Case& c = case_named(metadata_value<std::string>(file, "case"));
  const Tokens<Rule, float> tokens = read_tokens(c, file);
  for (const int count : threads) {
    set_num_threads(count);
    const double error = largest_error(c, file, run<FastPeer>(c, tokens));
    nlohmann::json line{{"implementation", deltanet_name},
                        {"version", DELTANET_BENCH_VERSION},
                        {"case", c.name},
                        {"threads", count},
                        {"error", error},
                        {"ms", nullptr}};
    if (error <= allowed_error) line["ms"] = median_ms(c, tokens, seconds);
    std::cout << line.dump() << '\n';
  }
}

}  // namespace
}  // namespace deltanet::bench

int main(int argc, char** argv) {
  using namespace deltanet::bench;
  CLI::App app("deltanet's side of bench/peers/run.sh.");
  app.require_subcommand(1);
  std::string folder, file;
  std::vector<std::string> names;
  std::vector<int> threads;
  double seconds = 0;
  int result = 0;
  auto* write = app.add_subcommand("cases", "Write cases as FOLDER/NAME.safetensors");
  write->add_option("folder", folder)->required()->check(CLI::ExistingDirectory);
  write->add_option("names", names)->required();
  write->callback([&] {
    for (const auto& name : names) write_case(case_named(name), folder);
  });
  auto* run = app.add_subcommand("run", "Measure deltanet on a case: a line of JSON for each number of threads");
  run->add_option("file", file)->required()->check(CLI::ExistingFile);
  run->add_option("seconds", seconds, "Of each measurement")->required()->check(CLI::PositiveNumber);
  run->add_option("threads", threads)->required()->check(CLI::PositiveNumber);
  run->callback([&] { measure(file, seconds, threads); });
  auto* table = app.add_subcommand("report", "Print the table of such lines, write FOLDER/peers.md and FOLDER/peers.json");
  table->add_option("lines", file)->required()->check(CLI::ExistingFile);
  table->add_option("folder", folder)->required()->check(CLI::ExistingDirectory);
  table->callback([&] { result = report(file, folder); });
  try {
    app.parse(argc, argv);
    return result;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& error) {
    std::cerr << "deltanet_peer: " << error.what() << '\n';
    return 1;
  }
}
