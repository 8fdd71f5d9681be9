#pragma once

#include "deltanet/core/packet_map.hpp"
#include "deltanet/layers/rms_norm.hpp"

namespace deltanet {

/// What a gated norm applies to its gate: silu in Gated DeltaNet, sigmoid in Kimi delta attention and Comba.
enum class NormGate { silu, sigmoid };

namespace detail {

/// One row of work for a gated norm: the gate's activation a and its derivative.
template <Real T>
struct GateRow {
  Vector<T> s, a, da;

  explicit GateRow(Index width) : s(width), a(width), da(width) {}

  void activate(NormGate gate, const VectorMap<const T>& z) {
    map_packets(
        z.size(), s.data(), [](const auto& x) { return sigmoid(x); }, z.data());
    if (gate == NormGate::silu) a = s.cwiseProduct(z);
  }
  [[nodiscard]] const Vector<T>& value(NormGate gate) const { return gate == NormGate::silu ? a : s; }

  void differentiate(NormGate gate, const VectorMap<const T>& z) {
    if (gate == NormGate::silu) {
      da = silu_derivative(z.array(), s.array());
    } else {
      da = s.array() * (T(1) - s.array());
    }
  }
};

}  // namespace detail

/// y = x / sqrt(mean x^2 + eps) * w * act(z) for every row of x, z [M, D]: flash-linear-attention's FusedRMSNormGated.
template <Real T>
void gated_rms_norm(const RMSNormParams<T>& params, double eps, NormGate gate, ConstMatrixRef<T> x, ConstMatrixRef<T> z,
                    MatrixRef<T> y) {
  const Index D = x.cols();
  detail::RowPieces(x.rows(), D).for_each([&](Index, Index first, Index count) {
    detail::GateRow<T> activation(D);
    for (Index i = first; i < first + count; ++i) {
      const VectorMap<const T> row(x.row(i).data(), D);
      activation.activate(gate, VectorMap<const T>(z.row(i).data(), D));
      VectorMap<T>(y.row(i).data(), D) = (detail::reciprocal_rms(row, static_cast<T>(eps)) * row)
                                             .cwiseProduct(params.weight)
                                             .cwiseProduct(activation.value(gate));
    }
  });
}

/// Gradients of `gated_rms_norm` by its two inputs, to be written.
template <Real T>
struct GatedNormGradients {
  Eigen::Ref<EigenMatrix<T>> dx;  // [M, D]
  Eigen::Ref<EigenMatrix<T>> dz;  // [M, D]
};

/// The gradients of `gated_rms_norm`: writes those by the inputs and adds to those of the parameters.
//
// forward: y = n w a,   n = x / sqrt(mean x^2 + eps),   a = act(z)
// so:      dn = dy w a,   dw += sum over rows of dy n a,   dz = dy n w act'(z)
template <Real T>
void gated_rms_norm_backward(const RMSNormParams<T>& params, double eps, NormGate gate, ConstMatrixRef<T> x,
                             ConstMatrixRef<T> z, ConstMatrixRef<T> dy, std::type_identity_t<GatedNormGradients<T>> d,
                             RMSNormParams<T>& gradients) {
  const Index D = x.cols();
  const detail::RowPieces pieces(x.rows(), D);
  Matrix<T> dweight = Matrix<T>::Zero(pieces.count(), D);
  pieces.for_each([&](Index piece, Index first, Index count) {
    detail::GateRow<T> activation(D);
    Vector<T> dyn(D), dn(D);
    for (Index i = first; i < first + count; ++i) {
      const VectorMap<const T> row(x.row(i).data(), D), z_row(z.row(i).data(), D), dy_row(dy.row(i).data(), D);
      activation.activate(gate, z_row);
      activation.differentiate(gate, z_row);
      const T r = detail::reciprocal_rms(row, static_cast<T>(eps));
      dyn = (r * row).cwiseProduct(dy_row);
      dweight.row(piece) += dyn.cwiseProduct(activation.value(gate)).transpose();
      dn = dy_row.cwiseProduct(params.weight).cwiseProduct(activation.value(gate));
      VectorMap<T>(d.dz.row(i).data(), D) = dyn.cwiseProduct(params.weight).cwiseProduct(activation.da);
      detail::reciprocal_rms_backward<T>(row, r, VectorMap<const T>(dn.data(), D), VectorMap<T>(d.dx.row(i).data(), D));
    }
  });
  detail::add_rows(dweight, gradients.weight);
}

}  // namespace deltanet
