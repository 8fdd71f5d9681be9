#include "memory_stability/run.hpp"

namespace memory_stability {

namespace {

constexpr Index steps_per_line = 20;
constexpr double seconds_between_checkpoints = 60;

Model make_model(const Setting& setting, deltanet::Random& random) {
  const example::Recipe& recipe = setting.recipe;
  Model::Config config{.num_hidden_layers = recipe.num_layers};
  config.block.attn = {.hidden_size = recipe.hidden_size,
                       .head_dim = recipe.head_dim,
                       .num_heads = recipe.hidden_size / recipe.head_dim,
                       .memory_depth = setting.depth,
                       .theta_max = setting.theta_max};
  config.block.mlp = {.hidden_size = recipe.hidden_size, .intermediate_size = 2 * recipe.hidden_size};
  Model model(config);
  model.initialize(random);
  if (setting.at_bound)
    for (auto& block : model.params.model.layers) {
      block.params.attn.params.theta_proj.weight.setZero();
      block.params.attn.params.theta_proj.bias->setConstant(15);  // a sigmoid of 1 - 3e-7, whose slope is as small
    }
  return model;
}

/// Windows of a text; or, without one, needles in repeated sentences.
deltanet::Batch draw(const Setting& setting, const example::Corpus* corpus, deltanet::Random& random) {
  const example::Recipe& recipe = setting.recipe;
  if (corpus) return draw_windows(*corpus, recipe, random);
  deltanet::TaskBatch needles = deltanet::find_task("pass_key").generate(random, recipe.batch, recipe.seq_len);
  return {std::move(needles.tokens), std::move(needles.targets)};
}

/// The largest of all memories after a batch: |W - W_0| / |W_0|, and |Z| / |W_0|.
std::pair<double, double> largest_norms(const Model& model, const deltanet::Batch& batch) {
  auto state = model.initial_state(batch.tokens.dimension(0));
  (void)model.forward(batch.tokens, &state);
  double departure = 0, momentum = 0;
  for (std::size_t l = 0; l < state.layers.size(); ++l) {
    const auto& initial = model.params.model.layers[l].params.attn.params.memory.weights;  // [H, P]
    const auto& memory = state.layers[l].memory;
    for (Index row = 0; row < memory.weights.dimension(0) * initial.rows(); ++row) {
      const auto W_0 = initial.row(row % initial.rows()).transpose();
      const deltanet::VectorMap<const float> W(memory.weights.data() + row * W_0.size(), W_0.size());
      const deltanet::VectorMap<const float> Z(memory.momentum.data() + row * W_0.size(), W_0.size());
      departure = std::max(departure, static_cast<double>((W - W_0).norm() / W_0.norm()));
      momentum = std::max(momentum, static_cast<double>(Z.norm() / W_0.norm()));
    }
  }
  return {departure, momentum};
}

void write_table(const Setting& setting, const std::vector<Norms>& lines) {
  std::ofstream file(setting.table());
  file << "step loss gradient departure momentum\n";
  for (const Norms& line : lines)
    file << line.step << ' ' << line.loss << ' ' << line.gradient << ' ' << line.departure << ' ' << line.momentum << '\n';
  if (!file.flush()) throw std::runtime_error(setting.table().string() + ": cannot be written");
}

/// The lines up to a step.
std::vector<Norms> read_table(const Setting& setting, Index last_step) {
  std::ifstream file(setting.table());
  std::string titles;
  std::getline(file, titles);
  std::vector<Norms> lines;
  for (Norms line{};
       file >> line.step >> line.loss >> line.gradient >> line.departure >> line.momentum && line.step <= last_step;)
    lines.push_back(line);
  return lines;
}

/// What a checkpoint remembers of its settings, and must be equal to go on.
example::Recipe identity(const Setting& setting) {
  example::Recipe recipe = setting.recipe;
  recipe.model = deltanet::detail::concat(setting.name(), ", ", setting.steps, " steps");
  if (setting.theta_max) recipe.model += deltanet::detail::concat(", theta up to ", *setting.theta_max);
  return recipe;
}

}  // namespace

std::string train(const Setting& setting, const example::Corpus* corpus, const std::function<void(const Norms&, double)>& tell,
                  const std::function<bool()>& stopped) {
  deltanet::Random random(1);
  Model model = make_model(setting, random);
  deltanet::Trainer<Model> trainer(model.params, {.adamw = {.beta2 = 0.95, .weight_decay = setting.recipe.weight_decay},
                                                  .schedule = {.peak = setting.recipe.lr}});
  example::Training<Model> training{model, trainer, random};
  const std::uint64_t fingerprint = corpus ? corpus->fingerprint() : 0;
  const Index& step = trainer.optimiser.state.steps;
  std::vector<Norms> lines;
  if (std::filesystem::exists(setting.checkpoint())) {
    if (nlohmann::json(example::recipe_of(setting.checkpoint())) != nlohmann::json(identity(setting)))
      throw example::UsageError(setting.checkpoint().string() + ": of other settings; give another folder with --out");
    training.load(setting.checkpoint(), fingerprint);
    lines = read_table(setting, step);
  }
  double loss = lines.empty() ? 0 : lines.back().loss, saved = training.seconds;
  const double seconds_before = training.seconds;
  const example::Stopwatch watch;
  while (step < setting.steps) {
    try {
      const auto report =
          trainer.step(model, draw(setting, corpus, random), static_cast<double>(step) / static_cast<double>(setting.steps));
      loss = step == 1 ? report.loss.loss : 0.95 * loss + 0.05 * report.loss.loss;
      training.seconds = seconds_before + watch.seconds();
      if (step % steps_per_line > 0) continue;
      const auto [departure, momentum] = largest_norms(model, draw(setting, corpus, random));
      lines.push_back({step, loss, report.gradient_norm, departure, momentum});
    } catch (const std::exception& error) {  // a number that is not finite
      return error.what();
    }
    write_table(setting, lines);
    tell(lines.back(), training.seconds * static_cast<double>(setting.steps - step) / static_cast<double>(step));
    const bool stop = stopped();
    if (!stop && step < setting.steps && training.seconds - saved < seconds_between_checkpoints) continue;
    training.save(setting.checkpoint(), identity(setting), fingerprint);
    saved = training.seconds;
    if (stop && step < setting.steps) return deltanet::detail::concat("stopped at step ", step, "; the same command goes on");
  }
  return "all steps, every number finite";
}

}  // namespace memory_stability
