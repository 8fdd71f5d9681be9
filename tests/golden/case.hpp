#pragma once

#include <cmath>
#include <functional>
#include <map>
#include <span>
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

/// The deviation of `result`, all entries, from the case's tensor `name`. `way` says how it was computed.
template <Real T>
Deviation compare_entries(const Case& c, const std::string& way, const std::string& name, std::span<const T> result,
                          double bound) {
  const std::vector<Index>& shape = c.file.entry(name).shape;
  deltanet::Vector<double> b(deltanet::TensorSpan<double>{nullptr, shape}.size());
  c.file.read(name, b.data());
  const deltanet::VectorMap<const T> a(result.data(), static_cast<Index>(result.size()));
  deltanet::expect(a.size() == b.size(), way, ' ', name, ": expected ", deltanet::detail::shape_text(shape), ", got ", a.size(),
                   " entries");
  const double root_size = std::sqrt(static_cast<double>(std::max<Index>(b.size(), 1)));
  const double difference = (a.template cast<double>() - b).norm() / root_size;
  return {way + ' ' + name, difference / (b.norm() / root_size + 1e-8), bound};
}

/// The same for a tensor, which must have the same shape.
template <Real T, int N>
Deviation compare(const Case& c, const std::string& way, const std::string& name, const Tensor<T, N>& result, double bound) {
  const std::vector<Index>& shape = c.file.entry(name).shape;
  deltanet::expect(std::ranges::equal(result.dimensions(), shape), way, ' ', name, ": expected ",
                   deltanet::detail::shape_text(shape), ", got ", deltanet::detail::shape_text(result.dimensions()));
  return compare_entries<T>(c, way, name, {result.data(), static_cast<std::size_t>(result.size())}, bound);
}

/// The operators of memory/, the deep memories of recurrence/, the layers of layers/ and the models of models/.
Handlers op_handlers();
Handlers memory_handlers();
Handlers layer_handlers();
Handlers model_handlers();

}  // namespace golden
