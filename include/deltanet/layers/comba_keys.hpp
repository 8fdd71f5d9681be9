#pragma once

#include "deltanet/core/activation.hpp"
#include "deltanet/core/packet_map.hpp"
#include "deltanet/core/parameters.hpp"
#include "deltanet/layers/tokens.hpp"

namespace deltanet {

/// One factor a key head: how much weaker the key predicts than it writes, and how much of that key a query leaves out.
template <Real T>
struct CombaKeysParams {
  std::optional<Vector<T>> decay;  // [H]; where absent, p = k
  std::optional<Vector<T>> D;      // [H]; where absent, queries stay as they are

  static constexpr auto fields() {
    return std::tuple{Field{"decay", &CombaKeysParams::decay, no_weight_decay},
                      Field{"D", &CombaKeysParams::D, no_weight_decay}};
  }
};

template <Real T>
struct CombaKeysCache {
  Tensor<T, 3> p;  // [B, T, H K]: the keys that predict
  Tensor<T, 3> q;  // [B, T, H K]: the corrected queries
};

/// p = sigmoid(decay) k,   q <- q - D p   for every key head: Comba's feedback (arXiv 2506.02475), as flash-linear-attention's
/// layer has it. Queries and keys are rows of all heads, [B, T, H K].
template <Real T>
void comba_keys(const CombaKeysParams<T>& params, Index heads, std::type_identity_t<View<const T, 3>> q,
                std::type_identity_t<View<const T, 3>> k, CombaKeysCache<T>& cache) {
  detail::keep(k, cache.p);
  detail::keep(q, cache.q);
  const Index K = k.shape[2] / heads;
  parallel_for(heads, [&](Index h) {
    for (Index i = h * K; i < cache.p.size(); i += heads * K) {
      T *p = cache.p.data() + i, *corrected = cache.q.data() + i;
      if (params.decay) VectorMap<T>(p, K) *= sigmoid((*params.decay)[h]);
      if (!params.D) continue;
      const T D = (*params.D)[h];
      detail::map_packets(
          K, corrected, [D](const auto& x, const auto& y) { return x - D * y; }, corrected, p);
    }
  });
}

/// Gradients by what `comba_keys` made and read. That by the corrected queries is that by the queries too.
template <Real T>
struct CombaKeysGradients {
  View<const T, 3> q;  // [B, T, H K]
  View<T, 3> p;        // [B, T, H K]: written over
  View<T, 3> k;        // [B, T, H K]: added to
};

/// The gradients of `comba_keys`; adds to those of the parameters.
//
// forward: p = s k,   q' = q - D p,   s = sigmoid(decay)
// so:      dq = dq',   dD -= <dq', p>,   dp -= D dq',   ddecay += <dp, k> s (1 - s),   dk += s dp
template <Real T>
void comba_keys_backward(const CombaKeysParams<T>& params, Index heads, std::type_identity_t<View<const T, 3>> k,
                         const CombaKeysCache<T>& cache, std::type_identity_t<CombaKeysGradients<T>> d,
                         CombaKeysParams<T>& gradients) {
  const Index K = k.shape[2] / heads;
  parallel_for(heads, [&](Index h) {
    const auto of_head = [&](auto matrix) { return matrix.middleCols(h * K, K); };
    const auto dq = of_head(d.q.rows());
    auto dp = of_head(d.p.rows()), dk = of_head(d.k.rows());
    if (params.D) {
      (*gradients.D)[h] -= dq.cwiseProduct(of_head(rows(cache.p))).sum();
      dp -= (*params.D)[h] * dq;
    }
    const T s = params.decay ? sigmoid((*params.decay)[h]) : T(1);
    if (params.decay) (*gradients.decay)[h] += s * (1 - s) * dp.cwiseProduct(of_head(k.rows())).sum();
    dk += s * dp;
  });
}

}  // namespace deltanet
