#include "compare/report.hpp"

#include <cmath>

#include "compare/drawings.hpp"
#include "compare/folder.hpp"
#include "compare/models.hpp"
#include "compare/tasks.hpp"

namespace compare {

namespace {

using deltanet::detail::concat;

void add_introduction(Page& page, const Options& options, const std::vector<RunResult>& results, std::size_t runs) {
  page.paragraph(concat(
      "Preset ", options.preset.name, ": ", options.preset.description, ". ", results.size(), " of ", runs,
      " runs are in this page. Every model has about as many parameters as the others and is trained on the same sequences, by "
      "AdamW with a peak learning rate of ",
      options.preset.training.lr,
      ". Numbers are of sequences that were not trained on. With several seeds, the mean stands before the least and the "
      "greatest, and bars in plots reach from one to the other; the sizes of states and the writes are those of the first "
      "seed. To follow one line among many, point at its name above the plots."));
  if (options.haystack) page.paragraph("Needles are hidden in real text: " + description(*options.haystack) + ".");
}

void add_models(Page& page, const std::vector<Group>& groups) {
  page.heading("Models");
  page.paragraph(
      "Sizes on the first task. The state is what a model remembers of a sequence as long as in training: so many numbers, "
      "over "
      "all layers. Tokens per second are those of training in one thread.");
  std::vector<std::vector<std::string>> lines{
      {"model", "memory", "parameters", "width of the MLP", "state (numbers)", "tokens per second"}};
  for (const Group& group : groups) {
    if (group.oracle()) continue;
    const RunResult& run = group.runs[0];
    const ModelKind& kind = find_model(group.model);
    lines.push_back({kind.title, kind.rule, concat(run.parameters), concat(run.setting.sizes.intermediate_size),
                     concat(run.state_numbers), concat(std::lround(run.tokens_per_second()))});
  }
  page.table(lines, 2);
}

void add_scores(Page& page, const TaskSetting& setting, const Task& task, const std::vector<Group>& groups) {
  std::vector<std::vector<std::string>> lines{{task.measure.name}};
  for (const Index length : setting.test_lengths) lines[0].push_back(concat(length, " tokens"));
  for (const Group& group : groups) {
    std::vector<std::string>& line = lines.emplace_back(1, group.title() + (group.oracle() ? " (oracle)" : ""));
    for (std::size_t i = 0; i < setting.test_lengths.size() && !group.runs.empty(); ++i)
      line.push_back(spread_text(group.score(i)));
    if (group.failed > 0) line.push_back(concat(group.failed, " failed"));
  }
  page.table(lines);
}

/// The figures that could be drawn.
std::vector<Figure> with_drawings(std::vector<Figure> figures) {
  std::erase_if(figures, [](const Figure& figure) { return figure.svg.empty(); });
  return figures;
}

void add_task(Page& page, const Plotter& plotter, const Options& options, const TaskSetting& setting,
              const std::vector<RunResult>& results) {
  const Task& task = find_task(setting.task);
  const std::vector<Group> groups = groups_of(task.name, options.preset.models, results);
  page.heading(task.name);
  page.paragraph(concat(sentence_case(task.description), ". After ", task.source, ". Trained at ", setting.length, " tokens. ",
                        task.about_measure()));
  add_scores(page, setting, task, groups);
  const std::vector<Group> drawn = with_runs(groups);
  if (drawn.empty()) return;
  std::vector<Figure> figures = line_drawings(plotter, setting, task, drawn);
  for (Figure& figure : error_drawings(plotter, task, drawn)) figures.push_back(std::move(figure));
  if (const auto plots = with_drawings(std::move(figures)); !plots.empty()) page.plots(legend(task, drawn), plots);
  if (const auto maps = with_drawings(dial_drawings(plotter, setting, task, drawn)); !maps.empty()) {
    page.subheading(concat("Accuracy over length and ", task.dial.name));
    page.paragraph(
        "The number in a cell is the accuracy, which its colour shows, too. Where there is a dash, no sequence of this length "
        "has room for the task.");
    page.figures(maps);
  }
}

void add_writes(Page& page, const Plotter& plotter, const std::vector<Group>& groups) {
  const std::vector<Figure> figures = with_drawings(write_drawings(plotter, groups));
  if (figures.empty()) return;
  page.heading("A write");
  page.paragraph(
      "The memory of the first layer's first head, on a sequence of the first task, before and after the token that changes it "
      "most of the first 64. Blue entries are negative, red ones positive. Deep memories begin with learnt weights that look "
      "like noise: of them we see the change of their first layer's weights.");
  page.figures(figures);
}

}  // namespace

std::string write_report(const Options& options, const std::vector<RunResult>& results, std::size_t runs) {
  const Plotter plotter(options.report);
  Page page("Sequence models compared");
  add_introduction(page, options, results, runs);
  const std::vector<Group> on_first_task = with_runs(groups_of(options.preset.tasks[0].task, options.preset.models, results));
  add_models(page, on_first_task);
  for (const TaskSetting& setting : options.preset.tasks) add_task(page, plotter, options, setting, results);
  add_writes(page, plotter, on_first_task);

  write_file(options.csv, csv_text(results));
  write_file(options.report / "results.md", markdown_text(options, results));
  const std::string text = page.text();
  write_file(options.report / "index.html", text);
  const bool drawn = results.empty() || text.find("<svg") != std::string::npos;
  return drawn ? "" : "without plots: gnuplot was not found";
}

}  // namespace compare
