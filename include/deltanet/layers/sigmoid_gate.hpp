#pragma once

#include "deltanet/core/activation.hpp"
#include "deltanet/core/packet_map.hpp"
#include "deltanet/layers/linear.hpp"

namespace deltanet {

/// gate = most * sigmoid(projection x), in (0, most). x [M, D], gate [M, N]. The product is summed as the pass asks.
template <Real T>
void sigmoid_gate(const LinearParams<T>& projection, std::type_identity_t<T> most, ConstMatrixRef<T> x, MatrixMap<T> gate,
                  Pass pass = Pass::inference) {
  linear<T>(projection, x, gate, pass);
  detail::for_each_range(gate.size(), [&](Index begin, Index size) {
    T* part = gate.data() + begin;
    detail::map_packets(
        size, part, [most](const auto& z) { return most * sigmoid(z); }, part);
  });
}

/// The gradients of `sigmoid_gate`, given d [M, N], that by the gate, which is written over: adds to dx [M, D] and to those of
/// the projection.
//
// forward: gate = f sigmoid(z)
// so:      dz = d gate (1 - gate / f)
template <Real T>
void sigmoid_gate_backward(const LinearParams<T>& projection, std::type_identity_t<T> most, ConstMatrixRef<T> x,
                           MatrixMap<const T> gate, MatrixMap<T> d, MatrixRef<T> dx, LinearParams<T>& gradients) {
  detail::for_each_range(d.size(), [&](Index begin, Index size) {
    const auto part = VectorMap<const T>(gate.data() + begin, size).array();
    VectorMap<T>(d.data() + begin, size).array() *= part * (T(1) - part / most);
  });
  linear_backward<T>(projection, x, d, dx, gradients);
}

}  // namespace deltanet
