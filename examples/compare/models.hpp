#pragma once

#include "compare/sequence_model.hpp"

namespace compare {

/// The kinds of one source file, models_hebbian.cpp and so on. To compare another, add it to one of them or to a file of its
/// own here and in models.cpp.
std::vector<ModelKind> hebbian_models();
std::vector<ModelKind> delta_models();
std::vector<ModelKind> deep_models();
std::vector<ModelKind> titans_models();
std::vector<ModelKind> attention_models();

/// All kinds, from the simplest memory on.
const std::vector<ModelKind>& model_kinds();

/// The kind of this name. Throws std::invalid_argument with all names for any other.
const ModelKind& find_model(const std::string& name);

/// The sizes with the width of the MLPs that brings a model of this kind as near to `parameters` as can be, 4 at least.
ModelSizes with_parameters(const ModelKind& kind, ModelSizes sizes, Index parameters);

/// The parameters of a model of these sizes outside of its layers: of embedding, head and last norm, or of the maps that stand
/// in their places.
Index parameters_outside(const ModelSizes& sizes);

/// The numbers that a model of these sizes remembers after a sequence of this length.
Index state_numbers(const SequenceModel& model, const ModelSizes& sizes, Index length);

}  // namespace compare
