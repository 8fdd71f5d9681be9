#pragma once

#include "deltanet/core/activation.hpp"
#include "deltanet/core/packet_map.hpp"

namespace deltanet {

/// What is applied to queries, keys and values entry by entry (flash-linear-attention's qk_activation).
enum class FeatureMap {
  silu,     ///< x sigmoid(x)
  relu,     ///< max(x, 0)
  elu,      ///< elu(x) + 1: x + 1 above zero and exp(x) below
  identity  ///< x
};

/// z <- phi(z).
template <Real T>
void apply_feature_map(FeatureMap phi, VectorMap<T> z) {
  const auto apply = [&](const auto& map) { detail::map_packets(z.size(), z.data(), map, z.data()); };
  switch (phi) {
    case FeatureMap::silu:
      apply([](const auto& x) { return silu(x); });
      return;
    case FeatureMap::relu:
      apply([](const auto& x) { return x.max(T(0)); });
      return;
    case FeatureMap::elu:
      apply([](const auto& x) { return x.max(T(0)) + x.min(T(0)).exp(); });
      return;
    case FeatureMap::identity:
      return;
  }
}

/// dy <- dy phi'(z). relu has derivative 0 at 0.
template <Real T>
void apply_feature_map_derivative(FeatureMap phi, VectorMap<const T> z, VectorMap<T> dy) {
  const auto x = z.array();
  auto d = dy.array();
  switch (phi) {
    case FeatureMap::silu: {
      const Vector<T> s = x.logistic();  // read twice, which is cheaper than two times a logistic
      d *= silu_derivative(x, s.array());
      return;
    }
    case FeatureMap::relu:
      d *= (x > T(0)).template cast<T>();
      return;
    case FeatureMap::elu:
      d *= x.min(T(0)).exp();
      return;
    case FeatureMap::identity:
      return;
  }
}

}  // namespace deltanet
