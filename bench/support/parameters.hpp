#pragma once

#include <vector>

#include "deltanet/core/parameters.hpp"
#include "deltanet/core/random.hpp"
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

/// Shifts the gates of a layer or model to where tokens are forgotten at once: g from about -12 to -4, whether it is
/// -exp(A_log) softplus(z + dt_bias) or log sigmoid(z + bias). Titans' theta goes up its sigmoid: what is forgotten at once
/// must be written strongly to have gradients that rounding leaves.
template <Real T, class Params>
void shift_gates(Params& params, Random& random) {
  const auto draw = [&](const TensorSpan<T>& tensor, double low, double high) {
    for (T& entry : tensor.flat()) entry = static_cast<T>(random.uniform(low, high));
  };
  for_each_tensor(
      [&](const TensorInfo& info, const TensorSpan<T>& tensor) {
        if (info.name.ends_with("A_log")) draw(tensor, 0, 0);
        if (info.name.ends_with("dt_bias")) draw(tensor, 5.5, 10.5);
        if (info.name.ends_with("a_proj.bias")) draw(tensor, -10.5, -5.5);
        if (info.name.ends_with("theta_proj.bias")) draw(tensor, 2, 4);
      },
      params);
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
