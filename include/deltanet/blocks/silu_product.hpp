#pragma once

#include "deltanet/core/activation.hpp"
#include "deltanet/core/packet_map.hpp"
#include "deltanet/layers/tokens.hpp"

namespace deltanet {

/// y = silu(a) (.) silu(b), entry by entry: how Titans' two branches gate each other. a, b, y [B, T, D].
template <Real T>
[[nodiscard]] Tensor<T, 3> silu_product(const Tensor<T, 3>& a, const Tensor<T, 3>& b) {
  Tensor<T, 3> y(a.dimensions());
  detail::for_each_range(a.size(), [&](Index begin, Index size) {
    const auto product = [](const auto& left, const auto& right) { return silu(left) * silu(right); };
    detail::map_packets(size, y.data() + begin, product, a.data() + begin, b.data() + begin);
  });
  return y;
}

/// The gradients of `silu_product`, given dy: written to da and db.
//
// so: da = dy silu(b) silu'(a),   db = dy silu(a) silu'(b)
template <Real T>
void silu_product_backward(const Tensor<T, 3>& a, const Tensor<T, 3>& b, const Tensor<T, 3>& dy, Tensor<T, 3>& da,
                           Tensor<T, 3>& db) {
  da.resize(a.dimensions());
  db.resize(b.dimensions());
  detail::for_each_range(a.size(), [&](Index begin, Index size) {
    const auto at = [&](const Tensor<T, 3>& x) { return VectorMap<const T>(x.data() + begin, size).array(); };
    VectorMap<T>(da.data() + begin, size).array() = at(dy) * silu(at(b)) * silu_derivative(at(a), at(a).logistic());
    VectorMap<T>(db.data() + begin, size).array() = at(dy) * silu(at(a)) * silu_derivative(at(b), at(b).logistic());
  });
}

}  // namespace deltanet
