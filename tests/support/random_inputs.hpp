#pragma once

#include "deltanet/core/random.hpp"
#include "deltanet/memory/delta_rule.hpp"
#include "deltanet/recurrence/scan.hpp"

namespace deltanet::test {

/// The sizes of a test problem, and the ranges of its gates.
struct Sizes {
  Index B = 2, T = 37, H = 2, HV = 4, K = 12, V = 20;
  Index N = B;          // sequences with a state: B, or those packed
  double least_g = -1;  // log decays are uniform in [least_g, 0]
  double greatest_beta = 1;
  double greatest_eta = 0.5;
};

/// Random owners of everything a scan of member `M` reads, queries and keys of unit length.
template <class M, Real T>
struct RandomInputs {
  typename M::template Gradients<T> owned;
  Tensor<T, 4> initial_state, do_, dfinal_state;

  explicit RandomInputs(const Sizes& s, std::uint64_t seed = 1)
      : initial_state(s.N, s.HV, M::state_rows(s.K), s.V),
        do_(s.B, s.T, s.HV, s.V),
        dfinal_state(s.N, s.HV, M::state_rows(s.K), s.V) {
    Random random(seed);
    for_each_input(
        [&](const auto& field, auto& tensor) {
          const Index heads = field.heads == Heads::key ? s.H : s.HV;
          const Index width = field.width == Width::key ? s.K : s.V;
          if constexpr (std::decay_t<decltype(tensor)>::NumDimensions == 3) {
            tensor.resize(s.B, s.T, heads);
          } else {
            tensor.resize(s.B, s.T, heads, width);
          }
          if (field.name == "g") {
            random.fill_uniform(tensor, s.least_g, 0);
          } else if (field.name == "eta") {
            random.fill_uniform(tensor, 0, s.greatest_eta);
          } else if (field.name == "beta") {
            random.fill_uniform(tensor, 0, s.greatest_beta);
          } else if (field.name == "b" || field.name == "w") {
            random.fill_uniform(tensor, 0, 1);
          } else {
            random.fill_normal(tensor);
            if constexpr (std::decay_t<decltype(tensor)>::NumDimensions == 4)
              if (field.width == Width::key) rows(tensor).rowwise().normalize();
          }
        },
        owned);
    random.fill_normal(initial_state);
    random.fill_normal(do_);
    random.fill_normal(dfinal_state);
  }

  /// The same numbers in another precision.
  template <class Other>
  explicit RandomInputs(const Other& other)
      : initial_state(other.initial_state.template cast<T>()),
        do_(other.do_.template cast<T>()),
        dfinal_state(other.dfinal_state.template cast<T>()) {
    for_each_input([](const auto&, const auto& from, auto& to) { to = from.template cast<T>(); }, other.owned, owned);
  }

  [[nodiscard]] typename M::template Inputs<T> in() const {
    typename M::template Inputs<T> views;
    for_each_input([](const auto&, const auto& tensor, auto& view) { view = tensor; }, owned, views);
    return views;
  }
  [[nodiscard]] Cotangents<T> cotangents() const { return {.o = do_, .final_state = dfinal_state}; }
};

}  // namespace deltanet::test
