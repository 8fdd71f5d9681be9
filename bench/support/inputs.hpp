#pragma once

#include "deltanet/core/random.hpp"
#include "deltanet/memory/member.hpp"
#include "support/gates.hpp"

/// Deterministic inputs of a member under test.
namespace deltanet::bench {

/// The sizes of a scan, by the letters of core/tensor.hpp.
struct Sizes {
  Index B, T, H, HV, K, V;

  [[nodiscard]] double tokens() const { return static_cast<double>(B * T); }
  /// The work of a member's recurrence itself, forward: 6 K V flops a token and value head for the delta rule, 4 K V for
  /// Hebb's, 10 K V with momentum, whatever an algorithm spends.
  template <class M>
  [[nodiscard]] double flops() const {
    return static_cast<double>(M::flops_per_entry) * tokens() * static_cast<double>(HV * K * V);
  }
};

/// Whether an input is a gate, in [0, 1]: neither a direction nor a value.
template <class Field>
[[nodiscard]] bool is_gate(const Field& field) {
  return field.name == "beta" || field.name == "eta" || field.name == "b" || field.name == "w";
}

/// Whether a member has a decay, so that gates may be other than mild.
template <class M>
inline constexpr bool has_decay = !std::is_same_v<typename M::Dynamics, NoDecay>;

/// A member's inputs, owned, and a cotangent of the output.
template <class M, Real T>
struct Tokens {
  typename M::template Gradients<T> tensors;
  Tensor<T, 4> do_;

  /// Keys and queries of unit length; values and cotangent uniform; gates as they are said to be. Mild ones are g from -0.1 to
  /// 0, and every other gate from 0 to 1, with momentum to a tenth of it, which keeps the memory bounded.
  explicit Tokens(const Sizes& sizes, Gates gates = Gates::mild) : do_(sizes.B, sizes.T, sizes.HV, sizes.V) {
    Random random(1);
    random.fill_uniform(do_, -1, 1);
    for_each_input(
        [&](const auto& field, auto& tensor) {
          const Index heads = field.heads == Heads::key ? sizes.H : sizes.HV;
          if constexpr (std::is_same_v<std::decay_t<decltype(tensor)>, Tensor<T, 3>>) {
            tensor.resize(sizes.B, sizes.T, heads);
          } else {
            tensor.resize(sizes.B, sizes.T, heads, field.width == Width::key ? sizes.K : sizes.V);
          }
          if (field.name == "g") {
            random.fill_uniform(tensor, -0.1, 0);
          } else if (is_gate(field)) {
            random.fill_uniform(tensor, 0, M::state_rows(1) > 1 ? 0.1 : 1);
          } else {
            random.fill_uniform(tensor, -1, 1);
            if (field.width == Width::key) rows(tensor).rowwise().normalize();
          }
        },
        tensors);
    if (gates != Gates::mild) redraw_gates(gates, sizes.HV, random);
  }

  /// The same numbers in another scalar type.
  template <Real U>
  explicit Tokens(const Tokens<M, U>& other) : do_(other.do_.template cast<T>()) {
    for_each_input([](const auto&, auto& to, const auto& from) { to = from.template cast<T>(); }, tensors, other.tensors);
  }

  [[nodiscard]] auto inputs() const {
    typename M::template Inputs<T> in;
    for_each_input([](const auto&, const auto& tensor, auto& view) { view = tensor; }, tensors, in);
    return in;
  }

  /// The inputs of rows first .. first + count - 1 of the batch.
  [[nodiscard]] auto inputs(Index first, Index count) const {
    auto in = inputs();
    for_each_input(
        [&](const auto&, auto& view) {
          const Index row = view.size() / view.shape[0];
          view.data += first * row;
          view.shape[0] = count;
        },
        in);
    return in;
  }

 private:
  /// Gates of the heads that are not mild.
  void redraw_gates(Gates gates, Index heads, Random& random) {
    if constexpr (has_decay<M>) {
      for_each_input(
          [&](const auto& field, auto& tensor) {
            if (is_gate(field)) draw_sigmoids(gates, random, heads, tensor);
          },
          tensors);
      draw_decays<M>(gates, random, heads, tensors.g);
      if constexpr (M::state_rows(1) > 1) draw_momentum(gates, random, heads, tensors.g, tensors.eta, tensors.beta);
    }
  }
};

}  // namespace deltanet::bench
