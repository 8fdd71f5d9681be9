#pragma once

#include <algorithm>
#include <concepts>
#include <numeric>
#include <vector>

#include "deltanet/models/language_model.hpp"

namespace deltanet {

/// How the next token is chosen from its logits.
struct SamplingConfig {
  double temperature = 1;  // logits are divided by it; 0 takes the likeliest token (greedy)
  Index top_k = 0;         // only so many of the likeliest tokens are in the draw; 0 means all

  void validate() const {
    expect(temperature >= 0, "temperature: expected a number >= 0, got ", temperature);
    expect(top_k >= 0, "top_k: expected at least 0, got ", top_k);
  }
};

/// Draws a token from softmax(logits / temperature) over the top_k likeliest; of equal logits the lower token is likelier. The
/// greedy choice draws no random number, any other exactly one. logits [V]. O(V log V).
template <Real T>
[[nodiscard]] std::int32_t sample(const Vector<T>& logits, const SamplingConfig& config, Random& random) {
  const FlushToZero flush;
  config.validate();
  expect(logits.size() > 0, "logits: expected at least one");
  std::vector<std::int32_t> order(static_cast<std::size_t>(logits.size()));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) { return logits[a] > logits[b]; });
  if (config.temperature == 0) return order[0];
  if (config.top_k > 0 && config.top_k < logits.size()) order.resize(static_cast<std::size_t>(config.top_k));
  std::vector<double> cumulative;
  double total = 0;
  for (const std::int32_t token : order) {
    total += std::exp(static_cast<double>(logits[token] - logits[order[0]]) / config.temperature);
    cumulative.push_back(total);
  }
  const auto drawn = std::upper_bound(cumulative.begin(), cumulative.end(), random.uniform() * total) - cumulative.begin();
  return order[std::min(static_cast<std::size_t>(drawn), order.size() - 1)];
}

/// Continues `prompt` by `count` tokens, one at a time, and calls emit(token) for each as it is drawn: print it, collect it.
/// If emit returns a bool, false ends the text. The prompt is read at once, each further token costs one step of the model.
template <class Mixer, class Emit>
void generate(const LanguageModel<Mixer>& model, const std::vector<std::int32_t>& prompt, Index count,
              const SamplingConfig& config, Random& random, const Emit& emit) {
  using T = typename Mixer::Scalar;
  expect(!prompt.empty(), "prompt: expected at least one token");
  config.validate();
  auto state = model.initial_state(1);
  Vector<T> logits = rows(model.prefill({prompt.data(), {1, static_cast<Index>(prompt.size())}}, state)).transpose();
  for (Index i = 0; i < count; ++i) {
    const std::int32_t token = sample(logits, config, random);
    if constexpr (std::same_as<std::invoke_result_t<Emit, std::int32_t>, bool>) {
      if (!emit(token)) return;
    } else {
      emit(token);
    }
    if (i + 1 < count) logits = rows(model.step({&token, {1}}, state)).transpose();
  }
}

}  // namespace deltanet
