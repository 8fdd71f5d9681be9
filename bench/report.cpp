#include <CLI/CLI.hpp>
#include <array>
#include <iostream>
#include <set>
#include <sstream>

#include "report/measurement.hpp"
#include "report/worst.hpp"

/// What bench/run.sh makes of Google Benchmark's JSON files, one a benchmark: one of all, tables and plots.
namespace deltanet::bench {
namespace {

std::string machine_line(const Json& context) {
  std::ostringstream line;
  line << context.value("cpu", "unknown processor") << ", " << context.value("num_cpus", 0) << " hardware threads, "
       << context.value("compiler", "") << ' ' << context.value("flags", "");
  return line.str();
}

/// The table of all, and that of the worst beside the best.
void write_tables(const std::filesystem::path& path, const std::vector<Measurement>& all, const std::string& machine) {
  std::ofstream out(path);
  out << machine << "\n\n";
  write_worst(out, worst_of(all));
  out << "| benchmark | memory | ms | tokens/s | GFLOP/s | fraction of the peak | of the product | of a rewrite | spread |\n"
      << "| --- | --- | --: | --: | --: | --: | --: | --: | --: |\n";
  for (const Measurement& m : all)
    out << "| " << m.name << " | " << m.memory << " | " << number(m.counter("real_time"), "%.3g") << " | "
        << number(m.counter("tokens/s"), "%.3g") << " | " << number(m.counter("gflops"), "%.1f") << " | "
        << number(m.counter("fraction"), "%.2f") << " | " << number(m.counter("of_product"), "%.2f") << " | "
        << number(m.counter("of_rewrite"), "%.2f") << " | " << number(100 * m.spread, "%.0f %%") << " |\n";
  if (!out.flush()) throw std::runtime_error(path.string() + ": cannot write");
}

/// A curve: x by the number in the name, y by a rule.
using Points = std::map<double, double>;

/// Names that differ from `pattern` only where it has *: what stands there, and the measurement.
std::vector<std::pair<std::string, const Measurement*>> matches(const std::vector<Measurement>& all,
                                                                const std::string& pattern) {
  const std::size_t star = pattern.find('*');
  const std::string before = pattern.substr(0, star), after = pattern.substr(star + 1);
  std::vector<std::pair<std::string, const Measurement*>> found;
  for (const Measurement& m : all) {
    if (m.name.size() < before.size() + after.size() || !m.name.starts_with(before) || !m.name.ends_with(after)) continue;
    const std::string what = m.name.substr(before.size(), m.name.size() - before.size() - after.size());
    if (what.find('/') == std::string::npos) found.emplace_back(what, &m);
  }
  return found;
}

Points curve(const std::vector<Measurement>& all, const std::string& pattern, const char* counter) {
  Points points;
  for (const auto& [what, m] : matches(all, pattern))
    if (const auto value = m->counter(counter)) points[std::stod(what)] = *value;
  return points;
}

/// gnuplot's script for curves over numbers.
std::string plot_curves(const std::string& x, const std::string& y, const std::map<std::string, Points>& curves) {
  std::ostringstream data, plot;
  int i = 0;
  for (const auto& [title, points] : curves) {
    if (points.empty()) continue;
    data << "$c" << i << " << E\n";
    for (const auto& [at, value] : points) data << at << ' ' << value << '\n';
    data << "E\n";
    plot << (i == 0 ? "plot " : ", ") << "$c" << i << " with linespoints pointtype 7 linewidth 2 title '" << title << '\'';
    ++i;
  }
  if (i == 0) return "";
  return data.str() + "set xlabel '" + x + "'\nset ylabel '" + y + "'\nset logscale x 2\n" + plot.str() + '\n';
}

/// gnuplot's script for bars: prefill and train of every member.
std::string plot_members(const std::vector<Measurement>& all) {
  std::map<std::string, std::array<double, 2>> bars;
  int i = 0;
  for (const char* what : {"prefill", "train"}) {
    for (const auto& [member, m] : matches(all, std::string(what) + "/*/float/d128/H16/T2048/threads1"))
      bars[member][static_cast<std::size_t>(i)] = m->counter("fraction").value_or(0);
    ++i;
  }
  if (bars.empty()) return "";
  std::ostringstream script;
  script << "$bars << E\n";
  for (const auto& [member, values] : bars) script << member << ' ' << values[0] << ' ' << values[1] << '\n';
  script
      << "E\nset style data histograms\nset style fill solid 0.8\nset xtics rotate by -35 noenhanced scale 0\nset rmargin 12\n"
         "set ylabel 'fraction of the multiply-add peak'\n"
         "plot $bars using 2:xtic(1) title 'prefill', '' using 3 title 'train'\n";
  return script.str();
}

void draw(const std::filesystem::path& path, const std::string& title, const std::string& script) {
  if (script.empty()) return;
  FILE* gnuplot = ::popen("gnuplot", "w");
  const std::string text = "set terminal svg size 800,480 background 'white'\nset output '" + path.string() + "'\nset title '" +
                           title + "'\nset yrange [0:]\nset grid\nset key outside top right horizontal\n" + script;
  const bool fed = gnuplot && std::fputs(text.c_str(), gnuplot) >= 0;
  if (!gnuplot || ::pclose(gnuplot) != 0 || !fed) throw std::runtime_error(path.string() + ": gnuplot could not draw it");
  std::cout << "  " << path.string() << '\n';
}

void write_page(const std::filesystem::path& folder) {
  std::set<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "parts")) files.insert(entry.path());
  Json merged{{"benchmarks", Json::array()}};
  std::vector<Measurement> all;
  for (const auto& path : files) {
    const Json file = read(path);
    merged["context"] = file.at("context");
    for (Json run : file.at("benchmarks")) {
      run["memory"] = file.at("context").value("memory", "plain");
      merged["benchmarks"].push_back(std::move(run));
    }
    for (Measurement& m : measurements_of(file)) all.push_back(std::move(m));
  }
  if (all.empty()) throw std::runtime_error((folder / "parts").string() + ": expected results, found none");
  std::ofstream(folder / "results.json") << merged.dump(1) << '\n';
  const std::string machine = machine_line(merged.at("context"));
  write_tables(folder / "results.md", all, machine);
  std::cout << "  " << (folder / "results.json").string() << "\n  " << (folder / "results.md").string() << '\n';

  const Worst worst = worst_of(all);
  std::erase_if(all, [](const Measurement& m) { return m.memory != "plain"; });
  std::map<std::string, Points> over_T, over_d, over_threads;
  for (const char* what : {"prefill", "train"}) {
    const std::string start = std::string(what) + "/gated_delta_net/float/";
    over_T[what] = curve(all, start + "d128/H16/T*/threads1", "fraction");
    over_d[what] = curve(all, start + "d*/H16/T2048/threads1", "fraction");
    for (const char* heads : {"H16", "H2"})
      over_threads[std::string(what) + ", " + heads] = curve(all, start + "d128/" + heads + "/T2048/threads*", "tokens/s");
  }
  over_threads["decode, B = 8"] = curve(all, "decode/gated_delta_net/float/d128/H32/B8/threads*", "tokens/s");
  over_threads["layer"] = curve(all, "layer/gated_delta_net/float/D1024/T2048/threads*", "tokens/s");
  over_threads["training step"] = curve(all, "model_train/gated_delta_net/float/D512/L4/B4/T512/threads*", "tokens/s");
  for (auto& [title, points] : over_threads)
    if (const auto one = points.find(1); one != points.end())
      for (const double base = one->second; auto& [threads, value] : points) value /= base;

  const std::string fraction = "fraction of the multiply-add peak";
  draw(folder / "tokens.svg", "Gated DeltaNet, d = 128, one thread", plot_curves("tokens T", fraction, over_T));
  draw(folder / "widths.svg", "Gated DeltaNet, T = 2048, one thread", plot_curves("width d = K = V", fraction, over_d));
  draw(folder / "members.svg", "d = 128, T = 2048, one thread", plot_members(all));
  draw(folder / "worst.svg", "prefill, d = 128, T = 2048, one thread", plot_worst(worst));
  draw(folder / "threads.svg", "Gated DeltaNet", plot_curves("threads", "speed over one thread", over_threads));
}

void print_line(const std::filesystem::path& path) {
  for (const Measurement& m : measurements_of(read(path))) {
    std::cout << number(m.counter("real_time"), "%8.3g ms") << number(m.counter("gflops"), "%8.1f GFLOP/s")
              << number(m.counter("fraction"), "   %.2f of the peak");
    std::cout << number(m.counter("of_product"), ", %.2f of the product")
              << number(m.counter("of_rewrite"), ", %.2f of a rewrite");
  }
}

}  // namespace
}  // namespace deltanet::bench

int main(int argc, char** argv) {
  using namespace deltanet::bench;
  CLI::App app("Makes a table and plots of the results of bench/run.sh.");
  std::filesystem::path file, folder;
  app.require_subcommand(1);
  auto* line = app.add_subcommand("line", "One result in a line");
  line->add_option("FILE", file)->required()->check(CLI::ExistingFile);
  auto* page = app.add_subcommand("page", "All results of FOLDER/parts: results.json, results.md and plots in FOLDER");
  page->add_option("FOLDER", folder)->required()->check(CLI::ExistingDirectory);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  try {
    line->parsed() ? print_line(file) : write_page(folder);
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
