#pragma once

#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "deltanet/io/safetensors.hpp"

/// A reference case, and how far a result is from it.
namespace golden {

using deltanet::Index;
using deltanet::Real;
using deltanet::Tensor;
using deltanet::View;

/// A safetensors file with an operator's name and configuration in its metadata.
struct Case {
  explicit Case(const std::filesystem::path& path) : file(path) {
    const auto description = file.metadata().find("case");
    if (description == file.metadata().end()) return;
    const auto json = nlohmann::json::parse(description->second);
    op = json.at("op").get<std::string>();
    config = json.at("config");
  }

  deltanet::SafetensorsFile file;
  std::string op;  // empty where the file is no case
  nlohmann::json config;
};

/// rms(a - b) / (rms(b) + 1e-8) of one tensor, and the bound it must keep.
struct Deviation {
  std::string tensor;
  double error;
  double bound;

  [[nodiscard]] bool passed() const { return error <= bound; }  // not a number does not pass
};

/// The deviations of a case by precision, "double" and "float".
using Deviations = std::map<std::string, std::vector<Deviation>>;

/// Runs a case of one operator.
using Handler = std::function<Deviations(const Case&)>;
using Handlers = std::map<std::string, Handler>;

/// The deviation of `result` from the case's tensor `name`, which must have the same shape. `way` says how it was computed.
template <Real T, int N>
Deviation compare(const Case& c, const std::string& way, const std::string& name, const Tensor<T, N>& result, double bound) {
  const Tensor<double, N> expected = c.file.tensor<double, N>(name);
  deltanet::expect(result.dimensions() == expected.dimensions(), way, ' ', name, ": expected ",
                   deltanet::detail::shape_text(expected.dimensions()), ", got ",
                   deltanet::detail::shape_text(result.dimensions()));
  const deltanet::VectorMap<const double> b(expected.data(), expected.size());
  const deltanet::VectorMap<const T> a(result.data(), result.size());
  const double root_size = std::sqrt(static_cast<double>(std::max<Index>(b.size(), 1)));
  const double difference = (a.template cast<double>() - b).norm() / root_size;
  return {way + ' ' + name, difference / (b.norm() / root_size + 1e-8), bound};
}

/// The operators of memory/, the deep memories of recurrence/ and the layers of layers/.
Handlers op_handlers();
Handlers memory_handlers();
Handlers layer_handlers();

}  // namespace golden
