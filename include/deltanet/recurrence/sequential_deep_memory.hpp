#pragma once

#include "deltanet/memory/memory_head.hpp"
#include "deltanet/recurrence/deep_memory_problem.hpp"

/// The definition of a deep memory: one token after another, its network evaluated, differentiated and changed as the papers
/// write it. Slow, obvious, and the judge of the dual form.
namespace deltanet {

namespace detail {

/// A deep memory's network of one head, evaluated and differentiated for one token.
template <Real T>
class TokenNetwork {
 public:
  TokenNetwork(const MemoryNetwork& network, const MemoryParams<T>& params, Index head)
      : network_(network), head_(network, params, head) {}

  /// M(x) with the given weights. x [K] -> [V].
  [[nodiscard]] Vector<T> operator()(const Vector<T>& weights, const Vector<T>& x) {
    const Matrix<T> z = run(weights, x).z.back();
    Matrix<T> y(1, network_.value_dim);
    head_.read(z, x.transpose(), y);
    return y.transpose();
  }

  /// The gradient of |M(k) - v|^2 / 2 by the weights, by back-propagation.
  [[nodiscard]] Vector<T> gradient(const Vector<T>& weights, const Vector<T>& k, const Vector<T>& v) {
    const Activations at = run(weights, k);
    Vector<T> gradient(weights.size());
    Matrix<T> dz(1, network_.value_dim);
    head_.error_gradient(at.z.back(), k.transpose(), v.transpose(), dz);
    for (Index l = network_.depth; l-- > 0;) {
      const auto i = static_cast<std::size_t>(l);
      network_.layer(l, gradient.data()) = at.x[i].transpose() * dz;  // forward: z = x W
      if (l == 0) break;
      Matrix<T> slope(1, network_.in(l));
      activation_slope<T>(network_.activation, at.z[i - 1], slope);
      dz = (dz * network_.layer(l, weights.data()).topRows(network_.in(l)).transpose()).eval().cwiseProduct(slope);
    }
    return gradient;
  }

 private:
  struct Activations {
    detail::PoolVector<Matrix<T>> x, z;  // of each layer: what it reads (with the bias's 1), [1, rows], and makes, [1, out]
  };

  [[nodiscard]] Activations run(const Vector<T>& weights, const Vector<T>& x) const {
    Activations at;
    for (Index l = 0; l < network_.depth; ++l) {
      Matrix<T> input = Matrix<T>::Ones(1, network_.rows(l));
      if (l == 0)
        input.leftCols(network_.key_dim) = x.transpose();
      else
        activate<T>(network_.activation, at.z.back(), input.leftCols(network_.in(l)));
      at.z.push_back(input * network_.layer(l, weights.data()));
      at.x.push_back(std::move(input));
    }
    return at;
  }

  const MemoryNetwork& network_;
  MemoryHead<T> head_;
};

}  // namespace detail

/// Runs deep memories over N sequences, token by token: for each, the gradient of |M(k) - v|^2 / 2 at the weights of the
/// mini-batch's start, a step of the update rule, and the read-out with the weights after it (TITANS.md, equations 1 to 3).
///
/// Inputs as the update rule's bundle says; q may be absent, and then nothing is read. Throws std::invalid_argument for wrong
/// shapes, ranges and numbers that are not finite, and std::overflow_error if the weights outgrow the type.
template <DeepMemoryInputs In>
[[nodiscard]] DeepMemoryResult<typename In::Scalar> sequential_deep_memory(const MemoryNetwork& network,
                                                                           const MemoryParams<typename In::Scalar>& params,
                                                                           const In& in,
                                                                           const DeepMemoryState<typename In::Scalar>& state,
                                                                           const DeepMemoryOptions& options = {}) {
  using T = typename In::Scalar;
  using Problem = detail::DeepMemoryProblem<In>;
  const Problem problem(network, params, in, state, options);
  const auto& x = problem.extents;
  DeepMemoryResult<T> result = problem.begin_result(state);
  parallel_for(x.N * x.H, [&](Index piece) {
    const Index n = piece / x.H, h = piece % x.H;
    const auto head = problem.template head<typename Problem::HeadInputs>(in, n, h);
    const auto o = problem.value_rows(result.o.data(), n, h);
    detail::TokenNetwork<T> M(network, params, h);
    Vector<T> start = problem.weights(state.start, n, h), W = problem.weights(state.weights, n, h);
    Vector<T> Z = problem.weights(state.momentum, n, h);
    Index position = static_cast<Index>(state.position[n]);
    for (Index t = 0; t < problem.sequence(n).tokens(); ++t) {
      const VectorMap<const T> k(head.k[t], x.K), v(head.v[t], x.V);
      const bool completes = ++position == options.mini_batch;
      In::Update::step(head, t, M.gradient(start, k, v), start, Z, W, completes);
      if constexpr (!In::Update::from_start)
        if (const T* initial = problem.initial(h))
          W += (1 - In::Update::template decay<T>(head, t)) * VectorMap<const T>(initial, x.P);
      if (!in.q.absent()) VectorMap<T>(o[t], x.V) = M(W, static_cast<T>(options.scale) * VectorMap<const T>(head.q[t], x.K));
      if (completes) {
        start = W;
        position = 0;
      }
    }
    problem.weights(result.final_state.start, n, h) = start;
    problem.weights(result.final_state.weights, n, h) = W;
    problem.weights(result.final_state.momentum, n, h) = Z;
  });
  problem.expect_finite_result(result);
  return result;
}

}  // namespace deltanet
