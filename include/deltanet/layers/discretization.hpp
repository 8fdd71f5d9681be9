#pragma once

#include "deltanet/core/activation.hpp"
#include "deltanet/core/packet_map.hpp"
#include "deltanet/layers/linear.hpp"
#include "deltanet/layers/time_step.hpp"

namespace deltanet {

/// How a state-space model in continuous time, dS = -A S + k v^T, becomes one of tokens: each lasts a time step dt, which it
/// chooses itself. Of all value heads.
template <Real T>
struct DiscretizationParams {
  LinearParams<T> dt_proj;  // weight [HV, D]
  Vector<T> dt_bias;        // [HV]
  Vector<T> A_log;          // [HV]

  static constexpr auto fields() {
    using P = DiscretizationParams;
    return std::tuple{Field{"dt_proj", &P::dt_proj}, Field{"dt_bias", &P::dt_bias, no_weight_decay},
                      Field{"A_log", &P::A_log, no_weight_decay}};
  }
};

template <Real T>
[[nodiscard]] DiscretizationParams<T> discretization_params(Index hidden_size, Index num_v_heads) {
  return {linear_params<T>({.in_features = hidden_size, .out_features = num_v_heads, .bias = false}),
          Vector<T>::Zero(num_v_heads), Vector<T>::Zero(num_v_heads)};
}

/// Draws the parameters as Mamba-2 does: A from uniform(1, 16), and time steps of 0.001 to 0.1.
template <Real T>
void initialize_discretization(DiscretizationParams<T>& params, std::optional<double> initializer_range, Random& random) {
  initialize_linear(params.dt_proj, initializer_range, random);
  initialize_time_step(params.dt_bias, random);
  for (T& entry : params.A_log) entry = static_cast<T>(std::log(random.uniform(1, 16)));
}

template <Real T>
struct DiscretizationCache {
  Matrix<T> z;      // [B T, HV]: dt_proj x + dt_bias
  Tensor<T, 3> dt;  // [B, T, HV]
  Tensor<T, 3> g;   // [B, T, HV]
  Tensor<T, 3> v;   // [B, T, HV V]: the values times their dt
};

/// dt = softplus(dt_proj x + dt_bias),   g = -exp(A_log) dt,   v <- dt v: fills the cache from the tokens x [B, T, D] and their
/// values v [B, T, HV V].
template <Real T>
void discretize(const DiscretizationParams<T>& params, View<const T, 3> x, std::type_identity_t<View<const T, 3>> v,
                DiscretizationCache<T>& cache) {
  const Index HV = params.A_log.size(), V = v.shape[2] / HV;
  const Vector<T> A = params.A_log.array().exp();
  cache.z.resize(x.rows().rows(), HV);
  cache.dt.resize(x.shape[0], x.shape[1], HV);
  cache.g.resize(x.shape[0], x.shape[1], HV);
  cache.v.resize(v.shape);
  linear<T>(params.dt_proj, x.rows(), cache.z);
  MatrixMap<T> dt = rows(cache.dt), g = rows(cache.g), scaled = rows(cache.v);
  detail::RowPieces(dt.rows(), v.shape[2]).for_each([&](Index, Index first, Index count) {
    for (Index i = first; i < first + count; ++i) {
      cache.z.row(i) += params.dt_bias.transpose();
      detail::map_packets(
          HV, dt.row(i).data(), [](const auto& z) { return softplus(z); }, std::as_const(cache.z).row(i).data());
      g.row(i) = -A.transpose().cwiseProduct(dt.row(i));
      for (Index h = 0; h < HV; ++h) scaled.row(i).segment(h * V, V) = dt(i, h) * v.rows().row(i).segment(h * V, V);
    }
  });
}

/// Gradients by what `discretize` made; that by its values is written over.
template <Real T>
struct DiscretizationGradients {
  View<const T, 3> g;  // [B, T, HV]
  View<T, 3> v;        // [B, T, HV V]: in by the values times dt, out by the values
};

/// The gradients of `discretize`; adds to dx [B T, D] and to those of the parameters.
//
// forward: v' = dt v,   g = -exp(A_log) dt,   dt = softplus(z),   z = dt_proj x + dt_bias
// so:      ddt = <dv', v> - exp(A_log) dg,   dv = dt dv',   dA_log += dg g,   dz = ddt sigmoid(z),   ddt_bias += dz
template <Real T>
void discretize_backward(const DiscretizationParams<T>& params, View<const T, 3> x, std::type_identity_t<View<const T, 3>> v,
                         const DiscretizationCache<T>& cache, std::type_identity_t<DiscretizationGradients<T>> d,
                         MatrixRef<T> dx, DiscretizationParams<T>& gradients) {
  const Index HV = params.A_log.size(), V = v.shape[2] / HV;
  const Vector<T> A = params.A_log.array().exp();
  Matrix<T> dz(cache.z.rows(), HV);
  detail::RowPieces(dz.rows(), v.shape[2]).for_each([&](Index, Index first, Index count) {
    for (Index i = first; i < first + count; ++i) {
      for (Index h = 0; h < HV; ++h) {
        auto dv = d.v.rows().row(i).segment(h * V, V);
        dz(i, h) = dv.dot(v.rows().row(i).segment(h * V, V));
        dv *= rows(cache.dt)(i, h);
      }
      dz.row(i) -= A.transpose().cwiseProduct(d.g.rows().row(i));
      dz.row(i).array() *= sigmoid(cache.z.row(i).array());
    }
  });
  const Vector<T> ones = Vector<T>::Ones(dz.rows());
  const Matrix<T> dg_g = d.g.rows().cwiseProduct(rows(cache.g));
  gradients.A_log.noalias() += dg_g.transpose() * ones;
  gradients.dt_bias.noalias() += dz.transpose() * ones;
  linear_backward<T>(params.dt_proj, x.rows(), dz, dx, gradients.dt_proj);
}

}  // namespace deltanet
