#include "compare/models.hpp"

#include <algorithm>

#include "deltanet/core/zeros.hpp"

namespace compare {

const std::vector<ModelKind>& model_kinds() {
  static const std::vector<ModelKind> kinds = [] {
    std::vector<ModelKind> all;
    for (const auto& models : {hebbian_models, delta_models, deep_models, titans_models, attention_models})
      for (ModelKind& kind : models()) all.push_back(std::move(kind));
    return all;
  }();
  return kinds;
}

const ModelKind& find_model(const std::string& name) { return deltanet::find_by_name("model", model_kinds(), name); }

ModelSizes with_parameters(const ModelKind& kind, ModelSizes sizes, Index parameters) {
  const auto count = [&](Index intermediate_size) {
    sizes.intermediate_size = intermediate_size;
    return kind.make(sizes, {}, 0)->parameters();
  };
  const Index least = count(4), slope = count(5) - least;  // a SwiGLU grows linearly with its width
  const auto more = static_cast<double>(parameters - least) / static_cast<double>(slope);
  sizes.intermediate_size = std::max<Index>(4, 4 + static_cast<Index>(more + 0.5));
  return sizes;
}

Index parameters_outside(const ModelSizes& sizes) {
  if (sizes.vocab_size > 0) return (2 * sizes.vocab_size + 1) * sizes.hidden_size;
  return (sizes.input_size + 1 + sizes.target_size + 1) * sizes.hidden_size + sizes.target_size;
}

Index state_numbers(const SequenceModel& model, const ModelSizes& sizes, Index length) {
  TokensOrNumbers blank;
  if (sizes.vocab_size > 0)
    blank = deltanet::zeros<std::int32_t>(1, length);
  else
    blank = deltanet::zeros<double>(1, length, sizes.input_size);
  Index numbers = 0;
  model.read(blank, length, [&](Index, const std::vector<Memory>& memories) {
    for (const Memory& memory : memories) numbers += static_cast<Index>(memory.entries.size());
  });
  return numbers;
}

}  // namespace compare
