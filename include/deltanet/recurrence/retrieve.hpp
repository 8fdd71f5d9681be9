#pragma once

#include "deltanet/core/zeros.hpp"
#include "deltanet/memory/memory_head.hpp"
#include "deltanet/recurrence/deep_memory_problem.hpp"
#include "deltanet/recurrence/network_pass.hpp"

/// Reading deep memories without writing, as MAC reads what earlier segments left. (Writing without reading is `deep_memory`
/// without q.)
namespace deltanet {

/// Gradients by everything that `retrieve` reads.
template <Real T>
struct RetrieveGradients {
  Tensor<T, 4> q;          // [B, T, H, K]
  Tensor<T, 3> weights;    // [N, H, P]
  MemoryParams<T> params;  // of the norm; no gradient reaches the initial weights
};

namespace detail {

/// The sequences of what is asked, after checks.
template <Real T>
[[nodiscard]] PoolVector<Sequence> retrievable(const MemoryNetwork& network, const MemoryParams<T>& params,
                                               const View<const T, 4>& q, const Tensor<T, 3>& weights,
                                               const Sequences& sequences) {
  expect_memory_network(network);
  expect_memory_params(network, q.shape[2], params);
  expect_shape("q", q, {{"B", q.shape[0]}, {"T", q.shape[1]}, {"H", params.weights.rows()}, {"K", network.key_dim}});
  expect_finite("q", q);
  PoolVector<Sequence> cut = sequences.cut(q.shape[0], q.shape[1]);
  expect_shape("weights", View<const T, 3>(weights),
               {{"N", static_cast<Index>(cut.size())}, {"H", q.shape[2]}, {"P", network.size()}});
  return cut;
}

}  // namespace detail

/// o = M(W; scale q) with the weights [N, H, P] of a state, `DeepMemoryState::weights`, the same for all tokens of a sequence.
/// q [B, T, H, K] -> [B, T, H, V].
template <Real T>
[[nodiscard]] Tensor<T, 4> retrieve(const MemoryNetwork& network, const MemoryParams<T>& params,
                                    std::type_identity_t<View<const T, 4>> q, const Tensor<T, 3>& weights, double scale = 1,
                                    const Sequences& sequences = {}) {
  const FlushToZero flush;
  const auto cut = detail::retrievable(network, params, q, weights, sequences);
  const Index H = q.shape[2];
  const std::array<Index, 4> o_shape{q.shape[0], q.shape[1], H, network.value_dim};
  Tensor<T, 4> o(o_shape);
  parallel_for(static_cast<Index>(cut.size()) * H, [&](Index piece) {
    const detail::Sequence& sequence = cut[static_cast<std::size_t>(piece / H)];
    if (sequence.tokens() == 0) return;
    detail::NetworkPass<T> pass(network);
    const Matrix<T> x = static_cast<T>(scale) * detail::head_rows(q.data, q.shape, sequence, piece % H);
    pass.resize(x.rows());
    pass.run(x, weights.data() + piece * network.size());
    MemoryHead<T>(network, params, piece % H).read(pass.output(), x, detail::head_rows(o.data(), o_shape, sequence, piece % H));
  });
  return o;
}

/// The gradients of `retrieve`, given that by o.
template <Real T>
[[nodiscard]] RetrieveGradients<T> retrieve_backward(const MemoryNetwork& network, const MemoryParams<T>& params,
                                                     std::type_identity_t<View<const T, 4>> q, const Tensor<T, 3>& weights,
                                                     std::type_identity_t<View<const T, 4>> d_o, double scale = 1,
                                                     const Sequences& sequences = {}) {
  const FlushToZero flush;
  const auto cut = detail::retrievable(network, params, q, weights, sequences);
  const Index H = q.shape[2], P = network.size(), N = static_cast<Index>(cut.size());
  expect_shape("do", d_o, {{"B", q.shape[0]}, {"T", q.shape[1]}, {"H", H}, {"V", network.value_dim}});
  RetrieveGradients<T> d{Tensor<T, 4>(q.shape), zeros<T>(N, H, P), zero_memory_params(params)};
  detail::NormGradientsByHead<T> dnorm(network, N * H);
  parallel_for(N * H, [&](Index piece) {
    const detail::Sequence& sequence = cut[static_cast<std::size_t>(piece / H)];
    if (sequence.tokens() == 0) return;
    detail::NetworkPass<T> pass(network);
    MemoryHead<T> head(network, params, piece % H);
    const Matrix<T> x = static_cast<T>(scale) * detail::head_rows(q.data, q.shape, sequence, piece % H);
    pass.resize(x.rows());
    pass.run(x, weights.data() + piece * P);
    pass.differentiate();
    struct ByLayer {
      Matrix<T> X, P;
    };
    detail::PoolVector<ByLayer> layers(static_cast<std::size_t>(network.depth));
    for (Index l = 0; l < network.depth; ++l)
      layers[static_cast<std::size_t>(l)] = {Matrix<T>::Zero(x.rows(), network.rows(l)),
                                             Matrix<T>::Zero(x.rows(), network.out(l))};
    Matrix<T> dx = Matrix<T>::Zero(x.rows(), network.key_dim);
    head.read_backward(pass.output(), detail::head_rows(d_o.data, d_o.shape, sequence, piece % H), layers.back().P, dx,
                       dnorm[piece]);
    const auto by_layer = [&](Index l) -> ByLayer& { return layers[static_cast<std::size_t>(l)]; };
    pass.backward(weights.data() + piece * P, by_layer, d.weights.data() + piece * P);
    dx += layers[0].X.leftCols(network.key_dim);
    detail::head_rows(d.q.data(), q.shape, sequence, piece % H) = static_cast<T>(scale) * dx;
  });
  dnorm.add_to(d.params);
  return d;
}

}  // namespace deltanet
