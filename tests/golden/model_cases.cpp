#include "deltanet/io/huggingface_model.hpp"
#include "deltanet/io/state.hpp"
#include "deltanet/models/generate.hpp"
#include "golden/case.hpp"
#include "io/temporary_folder.hpp"
#include "support/compiled.hpp"

/// Cases of whole models in Hugging Face's folders: the logits of all tokens and the text that a greedy choice writes, in one
/// pass, token by token after a prompt, and by a copy of the state made on the way.
namespace golden {
namespace {

using Model = deltanet::HybridLanguageModel<float>;
using Ids = Tensor<std::int32_t, 2>;

constexpr double bound = 1e-4;  // the references are float32, and so is the model

/// The columns begin .. end - 1.
Ids columns(const Ids& ids, Index begin, Index end) {
  const Eigen::array<Index, 2> offset{0, begin}, extent{ids.dimension(0), end - begin};
  return ids.slice(offset, extent);
}

/// The logits of all tokens, read in pieces that end at `ends`.
Tensor<float, 3> logits_of_pieces(const Model& model, const Ids& ids, const std::vector<Index>& ends) {
  Tensor<float, 3> logits(ids.dimension(0), ids.dimension(1), model.config.vocab_size);
  auto state = model.initial_state(ids.dimension(0));
  Index begin = 0;
  for (const Index end : ends) {
    const Tensor<float, 3> piece = model.forward(columns(ids, begin, end), &state);
    logits.slice(Eigen::array<Index, 3>{0, begin, 0}, piece.dimensions()) = piece;
    begin = end;
  }
  return logits;
}

/// A prompt at once, then token by token; on the way a copy of the state takes its place, and later one that was saved.
Tensor<float, 3> logits_of_steps(const Model& model, const Ids& ids, Index prompt) {
  const Index length = ids.dimension(1);
  Tensor<float, 3> logits(ids.dimension(0), length, model.config.vocab_size);
  auto state = model.initial_state(ids.dimension(0));
  const Eigen::array<Index, 3> none{0, 0, 0}, extent{ids.dimension(0), prompt, model.config.vocab_size};
  logits.slice(none, extent) = model.forward(columns(ids, 0, prompt), &state);
  for (Index t = prompt; t < length; ++t) {
    if (t == prompt + 10) {
      auto copy = state;
      (void)model.forward(columns(ids, 0, prompt), &state);  // what becomes of the original is nothing to the copy
      state = std::move(copy);
    }
    if (t == prompt + 20) {
      const TemporaryFolder folder;
      deltanet::save_state(folder / "text.state", model, state);
      state = deltanet::load_state(folder / "text.state", model, ids.dimension(0));
    }
    const Tensor<std::int32_t, 1> token = ids.chip(t, 1);
    logits.chip(t, 1) = model.step(token, state);
  }
  return logits;
}

/// The prompt and what follows: each token from one pass over all before it, or from a state.
std::vector<std::int32_t> greedy(const Model& model, std::vector<std::int32_t> tokens, Index length, bool from_state) {
  const auto likeliest = [](const auto& logits) {
    Index token;
    logits.maxCoeff(&token);
    return static_cast<std::int32_t>(token);
  };
  if (from_state) {
    deltanet::Random random(1);
    deltanet::generate(model, std::vector<std::int32_t>(tokens), length - static_cast<Index>(tokens.size()), {.temperature = 0},
                       random, [&](std::int32_t token) { tokens.push_back(token); });
  }
  while (static_cast<Index>(tokens.size()) < length) {
    const auto logits = model.forward({tokens.data(), {1, static_cast<Index>(tokens.size())}});
    tokens.push_back(likeliest(deltanet::rows(logits).bottomRows(1).row(0)));
  }
  return tokens;
}

Deviations run(const Case& c) {
  const Model model = deltanet::load_huggingface_model<float>(c.file.path().parent_path());
  const Ids ids = c.file.tensor<std::int32_t, 2>("input_ids");
  const auto generated = c.file.tensor<std::int32_t, 1>("generated");
  const auto prompt = c.config.at("prompt_length").get<Index>();
  const std::vector<std::int32_t> start(ids.data(), ids.data() + prompt);
  const Tensor<float, 3> logits = model.forward(ids);
  const Tensor<float, 3> steps = logits_of_steps(model, ids, prompt);
  std::vector<Deviation> deviations{compare(c, "forward", "logits", logits, bound),
                                    compare(c, "prefill and step", "logits", steps, bound)};
  const auto expect_same_bits = [&](const char* what, const Tensor<float, 3>& other) {
    const bool same = std::equal(other.data(), other.data() + other.size(), logits.data());
    deviations.push_back({what, same ? 0. : 1., 0});
  };
  expect_same_bits("prefill and step as forward", steps);
  const Index length = ids.dimension(1);
  for (const auto& ends : std::vector<std::vector<Index>>{{1, length}, {5, 9, 40, length}, {16, 17, 33, length}})
    expect_same_bits("pieces as forward", logits_of_pieces(model, ids, ends));
  for (const bool from_state : {false, true}) {
    const auto tokens = greedy(model, start, generated.size(), from_state);
    const bool same = std::equal(tokens.begin(), tokens.end(), generated.data());
    deviations.push_back({from_state ? "generate generated" : "forward generated", same ? 0. : 1., 0});
  }
  return {{"float", deviations}};
}

}  // namespace

Handlers model_handlers() { return {{"qwen3_5_tiny", run}, {"olmo_hybrid_tiny", run}}; }

}  // namespace golden
