#pragma once

#include "deltanet/core/parameters.hpp"
#include "deltanet/core/random.hpp"

namespace deltanet::test {

/// A matrix that decays and a gate that does not.
template <Real T>
struct ToyParameters {
  Matrix<T> weight;
  Vector<T> gate;
  static constexpr auto fields() {
    return std::tuple{Field{"weight", &ToyParameters::weight}, Field{"gate", &ToyParameters::gate, no_weight_decay}};
  }
};

template <Real T>
ToyParameters<T> toy_parameters(Index rows, Index cols, std::uint64_t seed) {
  ToyParameters<T> params{Matrix<T>(rows, cols), Vector<T>(cols)};
  Random random(seed);
  random.fill_normal(params.weight);
  random.fill_normal(params.gate);
  return params;
}

}  // namespace deltanet::test
