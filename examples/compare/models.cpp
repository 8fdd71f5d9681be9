#include "compare/models.hpp"

#include <algorithm>

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

Index state_numbers(const SequenceModel& model, Index tokens) {
  deltanet::Tensor<std::int32_t, 2> text(1, tokens);
  text.setZero();
  Index numbers = 0;
  model.read(text, tokens, [&](Index, const std::vector<Memory>& memories) {
    for (const Memory& memory : memories) numbers += static_cast<Index>(memory.entries.size());
  });
  return numbers;
}

}  // namespace compare
