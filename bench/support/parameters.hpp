#pragma once

#include <vector>

#include "deltanet/core/parameters.hpp"
#include "support/judge.hpp"

/// Parameter lists of the same model in two types: the one under test and the definition's.
namespace deltanet::bench {

/// Copies every tensor of one list to the other.
template <Real T, Real U, class From, class To>
void cast_parameters(const From& from, To& to) {
  std::vector<TensorSpan<const T>> tensors;
  for_each_tensor([&](const TensorInfo&, const TensorSpan<const T>& tensor) { tensors.push_back(tensor); }, from);
  std::size_t i = 0;
  for_each_tensor(
      [&](const TensorInfo&, const TensorSpan<U>& tensor) { tensor.flat() = tensors[i++].flat().template cast<U>(); }, to);
}

/// Compares every gradient with the definition's.
template <Real T, class Gradients, class Exact>
void compare_gradients(Judge& judge, const Gradients& gradients, const Exact& exact) {
  std::vector<TensorSpan<const T>> results;
  for_each_tensor([&](const TensorInfo&, const TensorSpan<const T>& tensor) { results.push_back(tensor); }, gradients);
  std::size_t i = 0;
  for_each_tensor([&](const TensorInfo& info,
                      const auto& tensor) { judge.compare<T>("d" + info.name, results[i++].flat(), tensor.flat()); },
                  exact);
}

}  // namespace deltanet::bench
